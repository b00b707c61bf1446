"""Every check that runs nothing of ours: all of them, even after one that fails."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = [name for name in ("config", "accounts", "moodle_sync", "dashboard", "demo") if (ROOT / name).exists()]
TYPED = [
    *MODULES,
    *(name for name in ("benchmarks", "tests", "scripts", "manage.py") if (ROOT / name).exists()),
]
AT_ONCE = 2
# The longest first: the others are done beside it.
CHECKS: dict[str, list[str]] = {
    "mypy": ["-m", "mypy", "--no-error-summary", *TYPED],
    "ruff check": ["-m", "ruff", "check", "--quiet", "."],
    "ruff format": ["-m", "ruff", "format", "--quiet", "--diff", "."],
    "layers": ["-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
    # No server runs here: that the history cannot be read from a database is no news.
    "migrations": [
        *("-W", "ignore:Got an error checking a consistent migration history:RuntimeWarning"),
        *("manage.py", "makemigrations", "--check", "--dry-run"),
    ],
    "French": ["scripts/messages.py", "check"],
    "templates": ["scripts/check_templates.py"],
    "template style": ["-m", "djlint", "templates", "--lint", "--quiet"],
}


def passes(name: str, arguments: list[str]) -> bool:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    verdict = "FAILED" if done.returncode else "OK"
    said = f"{name:16} {verdict} ({time.monotonic() - started:.1f} s)\n"
    if done.returncode:
        said += f"{done.stdout.rstrip()}\n"
    print(said, end="", flush=True)  # at once: two checks may end together
    return done.returncode == 0


def main(wanted: list[str]) -> int:
    asked = {name: arguments for name, arguments in CHECKS.items() if not wanted or name in wanted}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        verdicts = list(threads.map(passes, asked.keys(), asked.values()))
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
