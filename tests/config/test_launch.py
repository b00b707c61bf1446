"""The launcher of `make run` and `make demo`, with real processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.launch import mode as mode_module
from config.launch import postgres, reset
from config.launch.children import Children
from config.launch.guarded import Guarded, LaunchError
from config.launch.mode import Mode, State
from config.launch.system import REPOSITORY, is_alive
from tests.config.processes import all_gone, becomes_true, below

LAUNCH = "from pathlib import Path; import sys; import config.launch.mode as mode; mode.VAR = Path(sys.argv.pop(1)); "
LAUNCH += "from config.launch.__main__ import main; sys.exit(main())"


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A var/ of the test's own."""
    folder = tmp_path / "var"
    monkeypatch.setattr(mode_module, "VAR", folder)
    monkeypatch.setattr(reset, "VAR", folder)
    yield folder
    for location in folder.glob("*/postgres/location"):
        shutil.rmtree(postgres.cluster_folder(location.parent), ignore_errors=True)


def launched(var: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    ours = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(var), *arguments],
        cwd=REPOSITORY,
        env=ours | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_demo_refuses_a_database_that_is_named(var: Path) -> None:
    demo = launched(var, "demo", DATABASE_URL="postgresql://somebody:secret@127.0.0.1:1/precious")
    out, err = demo.communicate(timeout=30)
    assert demo.returncode == 2
    assert "does not touch the database that DATABASE_URL names" in err
    assert "secret" not in out + err
    assert not var.exists()


def ready_line(launcher: subprocess.Popen[str]) -> str:
    assert launcher.stdout is not None
    lines = []
    for line in launcher.stdout:
        lines.append(line)
        if line.startswith("ready "):
            return line.strip()
    raise AssertionError("".join(lines) + (launcher.stderr.read() if launcher.stderr else ""))


def listening_elsewhere(pids: list[int]) -> list[str]:
    """Addresses that these processes listen on and that other machines could reach."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            if found := re.match(r"socket:\[(\d+)\]", os.readlink(link) if link.is_symlink() else ""):
                inodes.add(found[1])
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    mine = [row[1] for row in rows if len(row) > 9 and row[9] in inodes and row[3] == "0A"]
    assert mine
    return [address for address in mine if not address.startswith("0100007F:")]


def test_run_listens_on_loopback_is_not_started_twice_and_leaves_nothing_when_killed(var: Path) -> None:
    launcher = launched(var, "run")
    try:
        line = ready_line(launcher)
        processes = below(launcher.pid)
        assert len(processes) > 10
        assert listening_elsewhere(processes) == []
        again = launched(var, "run")
        out, _ = again.communicate(timeout=30)
        assert (again.returncode, out.strip()) == (0, line)
        assert (var / "run" / "state.json").stat().st_mode & 0o077 == 0
    finally:
        launcher.kill()
        launcher.communicate()
    assert all_gone(processes)


def test_a_request_to_stop_stops_everything_and_says_so(var: Path) -> None:
    launcher = launched(var, "run")
    assert launcher.stdout is not None
    # In the middle of a step: what has been started by then has to go as well.
    assert becomes_true(lambda: (var / "run" / "log" / "migrate.log").exists(), 30)
    processes = below(launcher.pid)
    launcher.send_signal(signal.SIGINT)
    out, err = launcher.communicate(timeout=30)
    assert (launcher.returncode, err) == (0, "")
    assert out.endswith("Everything is stopped.\n")
    assert not any(is_alive(pid) for pid in processes)


def test_exec_runs_a_command_on_the_database_of_a_mode(var: Path) -> None:
    code = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL']).execute('SELECT 1'); print('here')"
    command = launched(var, "exec", "run", "--", sys.executable, "-c", code)
    assert command.communicate(timeout=30) == ("here\n", "")
    assert command.returncode == 0


def test_secrets_are_made_once_and_for_their_owner_alone(var: Path) -> None:
    first = Mode("demo").secrets()
    assert Mode("demo").secrets() == first
    assert (var / "demo" / "secrets.env").stat().st_mode & 0o077 == 0
    key = Fernet(first["VIGIE_TOKEN_KEYS"])
    assert key.decrypt(key.encrypt(b"token")) == b"token"
    assert len(set(first.values())) == len(first)


def test_the_demo_takes_no_setting_from_the_shell(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of-the-shell")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings.prod")
    assert Mode("run").environment("d", "r")["SECRET_KEY"] == "of-the-shell"
    demo = Mode("demo").environment("d", "r")
    assert demo["SECRET_KEY"] == Mode("demo").secrets()["SECRET_KEY"]
    assert demo["DJANGO_SETTINGS_MODULE"] == "config.settings.dev"


def test_a_state_counts_only_while_its_launcher_lives(var: Path) -> None:
    mode = Mode("run")
    lock = mode.lock()
    assert lock.acquire()
    mode.save(State(1, "http://127.0.0.1:8000", {}))
    assert mode.state() == State(1, "http://127.0.0.1:8000", {})
    lock.release()
    assert mode.state() is None


def test_reset_forgets_var_but_not_under_who_uses_it(var: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mode = Mode("run")
    lock = mode.lock()
    assert lock.acquire()
    assert reset.reset() == 1
    assert "is in use" in capsys.readouterr().err
    assert var.exists()
    lock.release()
    assert reset.reset() == 0
    assert not var.exists()


def test_reset_takes_the_database_along_wherever_it_is(var: Path) -> None:
    with postgres.Postgres(var / "run" / "postgres") as server:
        data = server.data
        assert data.exists()
        assert reset.reset() == 1
    assert reset.reset() == 0
    assert not data.exists()
    # Somebody may have cleaned up before.
    (var / "run" / "postgres").mkdir(parents=True)
    (var / "run" / "postgres" / "location").write_text("elsewhere\n")
    assert reset.reset() == 0


@pytest.fixture
def children(var: Path) -> Iterator[Children]:
    found = Children(Mode("run"), dict(os.environ), time.sleep)
    yield found
    found.stop()


def test_a_server_that_ends_is_named_with_the_end_of_its_log(children: Children) -> None:
    children.serve("web", "-c", "print('the reason'); raise SystemExit(3)")
    assert becomes_true(lambda: not children.servers[0].running)
    with pytest.raises(LaunchError, match=r"(?s)web ended unexpectedly \(exit code 3\).*the reason"):
        children.check()


def test_a_step_that_fails_shows_why(children: Children) -> None:
    assert children.run("well", "-c", "print('one'); print('two')") == ["one", "two"]
    with pytest.raises(LaunchError, match=r"(?s)badly failed.*no such table"):
        children.run("badly", "-c", "raise SystemExit('no such table')")


STUBBORN = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); "
STUBBORN += "time.sleep(600)"


@pytest.fixture
def guarded(tmp_path: Path) -> Callable[..., Guarded]:
    def make(code: str, **more: object) -> Guarded:
        command = [sys.executable, "-c", code]
        return Guarded("it", command, log=tmp_path / "it.log", **more).start()  # type: ignore[arg-type]

    return make


def test_who_does_not_hear_is_killed_after_the_grace(guarded: Callable[..., Guarded]) -> None:
    stubborn = guarded(STUBBORN, grace=0.2)
    assert becomes_true(lambda: "up" in stubborn.last_lines())
    stubborn.stop()
    assert not is_alive(stubborn.pid)
    assert stubborn.exit_code == 128 + signal.SIGKILL


def test_what_a_command_started_ends_with_it(guarded: Callable[..., Guarded]) -> None:
    parent = guarded(
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); "
        "print(p.pid, flush=True); raise SystemExit"
    )
    assert becomes_true(lambda: not parent.running)
    assert all_gone([int(parent.last_lines().split()[0])])
    parent.stop()


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="it could not be started"):
        Guarded("it", [str(tmp_path / "nothing")], log=tmp_path / "it.log").start()


def test_a_port_in_use_is_passed_over() -> None:
    from config.launch.system import free_port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert free_port(number) != number
