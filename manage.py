#!/usr/bin/env python
"""Django's command line.

Where neither DATABASE_URL nor the settings are named, it works on the Vigie that `make demo` or `make run` runs here,
else on `make run`'s own servers, started for the time of the command.
"""

import os
import sys

from django.core.management import execute_from_command_line

NAMED = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")


def main() -> None:
    if any(name in os.environ for name in NAMED):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
        execute_from_command_line(sys.argv)
        return
    from config.launch.__main__ import environment_of
    from config.launch.mode import running_mode

    with environment_of(running_mode()) as environment:
        os.environ.update(environment)
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
