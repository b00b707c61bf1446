"""`python -m benchmarks.run SUBJECT`, started by `python -m benchmarks` in its environment."""

import importlib
import sys

import django
from django.core.management import call_command


def main(subject: str) -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    # Only now: these modules import models.
    figures: dict[str, float] = importlib.import_module(f"benchmarks.{subject}").measure()
    for name, value in figures.items():
        print(name, f"{value:.3f}" if value < 10 else f"{value:.1f}")


if __name__ == "__main__":
    main(sys.argv[1])
