"""A pytest plugin (`-p tests.services`): every run has a PostgreSQL and a Redis of its own.

The servers start before Django's settings are read, once in the controller; the workers of pytest-xdist
inherit their addresses. VIGIE_TEST_DATABASE_URL and VIGIE_TEST_REDIS_URL name other servers; DATABASE_URL is
never used.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from config.embedded import Postgres, Redis, ephemeral_folder

_running = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """A wrapper, so that it comes before pytest-django, which reads the settings in the same hook."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    known = early_config.known_args_namespace
    if worker is None and not (known.help or known.version):
        start_services()
    elif worker:
        use_own_redis_database(int(worker.removeprefix("gw")))
    return (yield)


def start_services() -> None:
    if url := os.environ.get("VIGIE_TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    else:
        folder = _running.enter_context(ephemeral_folder())
        os.environ["DATABASE_URL"] = _running.enter_context(Postgres(folder, ephemeral=True)).url
    if url := os.environ.get("VIGIE_TEST_REDIS_URL"):
        os.environ["REDIS_URL"] = url
    else:
        folder = _running.enter_context(ephemeral_folder())
        os.environ["REDIS_URL"] = _running.enter_context(Redis(folder, ephemeral=True)).url


def use_own_redis_database(number: int) -> None:
    """Workers run side by side: what one of them flushes or counts is not another's."""
    address, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{address}/{number + 1}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _running.close()
