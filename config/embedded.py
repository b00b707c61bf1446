"""The PostgreSQL and the Redis that come with Vigie, for the demo, development and the tests.

    with embedded_services(Path("var/run")) as urls:
        urls.database_url, urls.redis_url

They listen on loopback only, ask for a password, and end with the process that started them, however it ends.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.launch.guarded import LaunchError
from config.launch.postgres import Postgres
from config.launch.redis_server import Redis

__all__ = ["LaunchError", "Postgres", "Redis", "Urls", "embedded_services", "ephemeral_folder"]


@dataclass(frozen=True)
class Urls:
    database_url: str
    redis_url: str


@contextmanager
def embedded_services(var: Path, *, ephemeral: bool = False) -> Iterator[Urls]:
    """Start both; their data is kept in `var`, or thrown away at the end (`var` is then not used)."""
    with ExitStack() as stack:
        # A folder of its own each: whatever happens to us, the server's warden deletes it whole.
        homes = [stack.enter_context(ephemeral_folder()) if ephemeral else var / name for name in ("postgres", "redis")]
        postgres = stack.enter_context(Postgres(homes[0], ephemeral=ephemeral))
        redis = stack.enter_context(Redis(homes[1], ephemeral=ephemeral))
        yield Urls(postgres.url, redis.url)


@contextmanager
def ephemeral_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="vigie-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
