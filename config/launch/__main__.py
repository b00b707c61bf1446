"""python -m config.launch run|demo|reset, or exec MODE -- COMMAND… in the environment of that mode."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .guarded import LaunchError
from .launcher import Launcher
from .mode import MODES, Mode
from .reset import reset
from .steps import services


@contextmanager
def environment_of(mode: Mode) -> Iterator[dict[str, str]]:
    """Of the launcher that runs, else of servers started for the time of one command."""
    if state := mode.state():
        yield mode.environment("", "") | state.environment
    else:
        with services(mode) as environment:
            yield environment


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.launch", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name in MODES:
        launch = actions.add_parser(name)
        launch.add_argument("--follow-parent", action="store_true", help="stop when our parent ends")
    actions.add_parser("reset", help="forget var/")
    run = actions.add_parser("exec", help="run one command with a mode's database and secrets")
    run.add_argument("mode", choices=(*MODES, "bench"))
    run.add_argument("command", nargs="+")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        if options.action == "reset":
            return reset()
        if options.action == "exec":
            with environment_of(Mode(options.mode)) as environment:
                return subprocess.run(options.command, env=environment, check=False).returncode
    except LaunchError as error:
        print(error, file=sys.stderr)
        return 1
    return Launcher(Mode(options.action), options.follow_parent).launch()


if __name__ == "__main__":
    sys.exit(main())
