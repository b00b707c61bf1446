"""Make .venv and node_modules what the lock files say. Does nothing, and asks no network, when they are.

Runs with the system's Python, of whatever version: the standard library alone, and no new syntax.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
NODE_MODULES = os.path.join(ROOT, "node_modules")
OLDEST = (3, 11)


def digest(*names):
    # type: (*str) -> str
    found = hashlib.sha256()
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            found.update(file.read())
    return found.hexdigest()


def stamp_of(folder):
    # type: (str) -> str
    try:
        with open(os.path.join(folder, ".vigie-stamp")) as file:
            return file.read()
    except OSError:
        return ""


def mark_current(folder, wanted):
    # type: (str, str) -> None
    with open(os.path.join(folder, ".vigie-stamp"), "w") as file:
        file.write(wanted)


def run(what, hint, *command):
    # type: (str, str, *str) -> None
    print("Set-up: %s …" % what)
    sys.stdout.flush()
    if subprocess.call(command, cwd=ROOT) != 0:
        sys.exit("Set-up: %s failed. %s" % (what, hint))


def python_packages():
    # type: () -> None
    version = "%d.%d" % (sys.version_info[0], sys.version_info[1])
    wanted = version + " " + digest("requirements/dev.txt")
    found = stamp_of(VENV) if os.path.exists(VENV_PYTHON) else ""
    if found == wanted:
        return
    if found.split(" ")[0] != version:
        run(
            "virtual environment",
            "On Debian and Ubuntu, `apt install python3-venv` brings what Python needs for it.",
            *[sys.executable, "-m", "venv", "--clear", VENV],
        )
    run(
        "Python packages (about a minute)",
        "See pip's message above.",
        *[VENV_PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-input"],
        *["--require-hashes", "-r", "requirements/dev.txt"],
    )
    mark_current(VENV, wanted)


def front_end_packages():
    # type: () -> None
    wanted = digest("package.json", "package-lock.json")
    if stamp_of(NODE_MODULES) == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("Set-up: npm is missing. It comes with Node.js: https://nodejs.org, or `apt install npm`.")
    run("front-end packages", "See npm's message above.", npm, "ci", "--no-progress", "--loglevel=error")
    mark_current(NODE_MODULES, wanted)


def main():
    # type: () -> None
    if sys.version_info < OLDEST:
        found = "%d.%d" % (sys.version_info[0], sys.version_info[1])
        sys.exit("Vigie needs Python 3.11 or newer; this is %s. `make PYTHON=python3.11 …`" % found)
    # Two `make` at once in one clone: the second waits, then finds everything done.
    with open(os.path.join(ROOT, "pyproject.toml")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python_packages()
        front_end_packages()


if __name__ == "__main__":
    main()
