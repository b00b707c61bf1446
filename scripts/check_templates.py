"""Compile every template: a wrong tag is found before somebody opens the page."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402
from django.template import TemplateSyntaxError  # noqa: E402
from django.template.loader import get_template  # noqa: E402


def main() -> int:
    django.setup()
    failed = False
    for folder in sorted([ROOT / "templates", *ROOT.glob("*/templates")]):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in {".html", ".txt"}):
            try:
                get_template(path.relative_to(folder).as_posix())
            except TemplateSyntaxError as error:
                failed = True
                print(f"{path.relative_to(ROOT)}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
