"""What has to happen, in this order, before Vigie answers."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .children import Children, newest, progress
from .guarded import LaunchError
from .mode import DEMO_USERS, VAR, Mode
from .postgres import Postgres
from .redis_server import Redis
from .system import REPOSITORY, free_port

LOGIN = re.compile(rf"({'|'.join(DEMO_USERS)}) \S+@\S+ \S+")
# The port a simulated Moodle takes if it can: the sites' addresses then stay the same.
WORLDS = {"ouest": 8101, "nord": 8102}
# Somebody comes in every few minutes, so that a newcomer sees it happen.
SPEED = "12"
CATALOGUE = REPOSITORY / "locale" / "fr" / "LC_MESSAGES" / "django.po"

# Packages bring static files too: the lock changes with them.
STATIC_SOURCES = [REPOSITORY / "static", VAR / "assets", REPOSITORY / "requirements"]


@contextmanager
def services(mode: Mode) -> Iterator[dict[str, str]]:
    """The environment of Django's processes, with our own servers where the caller names none."""
    given = {} if mode.name == "demo" else os.environ
    database_url, redis_url = given.get("DATABASE_URL", ""), given.get("REDIS_URL", "")
    postgres = None if database_url else Postgres(mode.folder / "postgres")
    redis = None if redis_url else Redis(mode.folder / "redis")
    try:
        if postgres:
            database_url = postgres.start().url
        if redis:
            redis_url = redis.start().url
        yield mode.environment(database_url, redis_url)
    finally:
        if redis:
            redis.stop()
        if postgres:
            postgres.stop()


def start_moodles(children: Children) -> dict[str, str]:
    """The simulated sites, by name, at their addresses."""
    secrets = children.mode.secrets()
    addresses = {}
    with progress("two simulated Moodle sites"):
        for world, preferred in WORLDS.items():
            port = free_port(preferred)
            server = children.serve(
                f"moodle-{world}",
                *("-m", "demo.moodle", "--world", world, "--port", str(port)),
                *("--control-token", secrets["VIGIE_DEMO_CONTROL_TOKEN"]),
                *("--born", secrets["VIGIE_DEMO_BORN"], "--speed", SPEED),
                *("--journal", str(children.mode.folder / f"moodle-{world}.journal")),
            )
            addresses[world] = f"http://127.0.0.1:{port}"
            children.wait_for_log(server, "ready http")
    return addresses


def prepare(children: Children) -> None:
    translations, static = CATALOGUE.with_suffix(".mo"), VAR / "static" / ".collected"
    if newest([CATALOGUE]) > newest([translations]):
        with progress("translations"):
            children.run("messages", "scripts/messages.py", "compile")
    with progress("database tables"):
        children.run("migrate", "manage.py", "migrate", "--noinput", "--verbosity", "0")
    if not static.exists() or newest(STATIC_SOURCES) > static.stat().st_mtime_ns:
        with progress("static files"):
            started = time.time_ns()
            children.run("collectstatic", "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
            mark_collected(static, started)


def mark_collected(stamp: Path, started: int) -> None:
    """Dated from before the step: a file changed meanwhile is collected next time."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.touch()
    os.utime(stamp, ns=(started, started))


def seed(children: Children, sites: dict[str, str]) -> list[str]:
    """The demo's story; the lines `role email password` of its people."""
    options = [word for name, url in sites.items() for word in ("--site", f"{name}={url}")]
    born = children.mode.secrets()["VIGIE_DEMO_BORN"]
    with progress("people, courses and follow-ups"):
        lines = children.run("seed_demo", "manage.py", "seed_demo", *options, "--born", born)
    logins = [line for line in lines if LOGIN.fullmatch(line)]
    if not logins:
        raise LaunchError(f"seed_demo named no user; see {children.mode.log('seed_demo')}.")
    # The state file keeps them, readable by its owner alone; a log is passed around too easily.
    children.mode.log("seed_demo").write_text("\n".join(line for line in lines if line not in logins) + "\n")
    return logins


def start_vigie(children: Children, url: str) -> None:
    celery = ("-m", "celery", "-A", "config")
    with progress("web server, worker and scheduler"):
        web = children.serve(
            "web",
            *("-m", "gunicorn", "config.wsgi", "--bind", url.removeprefix("http://")),
            *("--workers", "2", "--threads", "4", "--worker-class", "gthread"),
            *("--graceful-timeout", "5", "--no-control-socket"),
        )
        worker = children.serve(
            "worker",
            *(*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        )
        schedule = children.mode.folder / "celerybeat-schedule"
        children.serve("beat", *celery, "beat", "--schedule", str(schedule), "--pidfile=")
        children.wait_for_answer(web, f"{url}/healthz")
        children.wait_for_log(worker, " ready.")
