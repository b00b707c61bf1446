"""Print the path of a Chromium for the browser tests; install Debian's where we may and there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def candidates() -> Iterator[str]:
    yield os.environ.get("VIGIE_CHROMIUM", "")
    with sync_playwright() as playwright:
        yield playwright.chromium.executable_path
    for name in NAMES:
        yield shutil.which(name) or ""


def find() -> str | None:
    return next((path for path in candidates() if path and Path(path).exists()), None)


def install() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Set-up: Chromium, for the browser tests …", file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
        # Its output goes with the errors: our own answer is the path alone.
        subprocess.run(command, env=environment, check=False, stdout=sys.stderr)


def main() -> int:
    path = find()
    if path is None:
        install()
        path = find()
    if path is None:
        print(
            "The browser tests need a Chromium: install one (`apt install chromium`, or "
            "`.venv/bin/python -m playwright install chromium`), or name it in VIGIE_CHROMIUM.",
            file=sys.stderr,
        )
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
