"""Files that are too long for a request: read, compared and imported by a worker, whole and once, whatever dies."""

import signal
from datetime import timedelta

import pytest
from celery import current_app
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from dashboard.imports import reading, work
from dashboard.imports.progress import STUCK_AFTER, Progress
from dashboard.models import FollowUp, ImportFile, Person
from moodle_sync import crypto
from moodle_sync.files.errors import Problem
from moodle_sync.models import Enrolment, Participant, Site
from tests.dashboard.imports.test_pages import HEADER, client_of, columns, confirm, everything_stored, page, upload
from tests.moodle_sync.files.samples import as_csv, as_xlsx
from tests.moodle_sync.workers import own_line, until, waits_for, worker

pytestmark = pytest.mark.django_db(transaction=True)
State = ImportFile.State
LINES = 20_000
PATIENCE = 600
"""Seconds: a busy machine is no defect."""
SECRET = "secret.user.name"


def long_table(lines: int = LINES) -> list[list[str]]:
    people = ([f"Prénom{n}", f"Nom{n}", f"p{n}@ac-test.example.org", "Jamais", f"{SECRET}{n}"] for n in range(lines))
    return [[*HEADER, "Nom d’utilisateur"], *people]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a queue without workers is asked for; every file is a long one."""
    sent: list[str] = []
    monkeypatch.setattr(reading, "LIGHT", 0)
    monkeypatch.setattr(current_app, "send_task", lambda name, arguments: sent.append(name))
    return sent


def state_of(draft: ImportFile) -> str:
    return ImportFile.objects.values_list("state", flat=True).get(pk=draft.pk)


def what_redis_holds() -> bytes:
    client = cache._cache.get_client()  # type: ignore[attr-defined]  # what any program on that host could do
    return b"".join(client.get(key) or b"" for key in client.scan_iter("*") if client.type(key) == b"string")


@pytest.mark.usefixtures("empty_queue")
@pytest.mark.parametrize(("name", "lines"), [("csv", LINES), ("xlsx", 4_000)])
def test_many_lines_by_a_worker_that_is_killed(name: str, lines: int, coordinator: User, site: Site) -> None:
    """At each step; and each message comes twice. Once they are read, both kinds of file are the same."""
    client = client_of(coordinator)
    rows = long_table(lines)
    upload(client, site, as_csv(rows) if name == "csv" else as_xlsx(rows), course_name="Neuve")
    draft = ImportFile.objects.get()
    assert (draft.state, draft.lines) == (State.READING, 0)
    with worker():
        until(lambda: state_of(draft) == State.MAPPING, PATIENCE)
    draft.refresh_from_db()
    assert (draft.lines, draft.dropped) == (lines, ["Nom d’utilisateur"])
    current_app.send_task("dashboard.tasks.read_import", [draft.pk])
    columns(client, draft)
    with worker():
        until(lambda: state_of(draft) == State.READY, PATIENCE)
    draft.refresh_from_db()
    assert draft.counts["created"] == lines
    confirm(client, draft)
    with own_line() as line:
        line.execute("LOCK TABLE moodle_sync_enrolment IN ACCESS EXCLUSIVE MODE")
        with worker() as process:
            until(lambda: waits_for("moodle_sync_enrolment"), PATIENCE)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    assert (state_of(draft), Participant.objects.count()) == (State.APPLYING, 0), "the people went with the transaction"
    for _ in range(2):  # as the broker would, since nobody has said that it was done
        current_app.send_task("dashboard.tasks.write_import", [draft.pk])
    with worker():
        until(lambda: state_of(draft) == State.DONE, PATIENCE)
    assert (Participant.objects.count(), Enrolment.objects.count(), Person.objects.count()) == (lines, lines, lines)
    assert SECRET not in everything_stored()


@pytest.mark.usefixtures("empty_queue")
def test_a_worker_killed_when_all_is_written(coordinator: User, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The people are there; their follow-ups, which no later read would make, come all the same."""
    monkeypatch.setattr(work, "AT_ONCE", 0)
    client = client_of(coordinator)
    upload(client, site, as_csv(long_table(3)), course_name="Neuve")
    draft = ImportFile.objects.get()
    columns(client, draft)
    with own_line() as line:
        line.execute("LOCK TABLE dashboard_person IN ACCESS EXCLUSIVE MODE")
        with worker():
            until(lambda: state_of(draft) == State.READY)
        confirm(client, draft)
        with worker() as process:
            until(lambda: waits_for("dashboard_person"))
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    assert (state_of(draft), Enrolment.objects.count(), FollowUp.objects.count()) == (State.APPLYING, 3, 0)
    assert work.resume() == 0, "somebody may still be at it"
    ImportFile.objects.update(changed_at=timezone.now() - STUCK_AFTER - timedelta(minutes=1))
    assert 'hx-trigger="every 1s"' in page(client, draft), "nobody has to do anything"
    assert (work.resume(), work.resume()) == (1, 0)
    draft.refresh_from_db()
    assert (draft.state, draft.counts["created"], FollowUp.objects.count()) == (State.DONE, 3, 3)


@pytest.mark.usefixtures("empty_queue")
def test_a_worker_killed_while_it_reads(coordinator: User, site: Site) -> None:
    """What waits opens again for the next one, and for nobody once it was read."""
    upload(client_of(coordinator), site, as_csv(long_table()), course_name="Neuve")
    draft = ImportFile.objects.get()
    with own_line() as line:
        line.execute("SELECT 1 FROM dashboard_importfile FOR UPDATE")
        with worker() as process:
            until(lambda: Progress(draft).lines[0] > 0)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    assert state_of(draft) == State.READING
    current_app.send_task("dashboard.tasks.read_import", [draft.pk])
    with worker():
        until(lambda: state_of(draft) == State.MAPPING)
    assert Progress(draft).lines == (LINES, LINES + 1), "that of the names counts here"


def test_what_waits_opens_with_both_halves_only(asked: list[str], coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    upload(client, site, as_csv(long_table(1)), course_name="Neuve")
    draft = ImportFile.objects.get()
    assert asked == ["dashboard.tasks.read_import"]
    assert SECRET not in everything_stored()
    held = cache.get(f"import-file-{draft.pk}")
    assert SECRET.encode() not in what_redis_holds()
    key = crypto.unseal(bytes(draft.content or b""))
    assert SECRET.encode() in Fernet(key).decrypt(held), "the name is in there"
    assert key not in what_redis_holds()
    assert 'hx-trigger="every 1s"' in page(client, draft)
    reading.read_held(draft.pk)
    draft.refresh_from_db()
    assert draft.state == State.MAPPING
    assert cache.get(f"import-file-{draft.pk}") is None
    assert SECRET not in repr(work.content_of(draft)), "and the key was written over"


@pytest.mark.parametrize(
    ("data", "problem"), [(b"E-mail\n", Problem.NO_LINES), (b'E-mail;Nom\n"a@b.example.org;Ex\n', Problem.OPEN_QUOTE)]
)
def test_what_a_worker_cannot_read_says_why(
    data: bytes, problem: Problem, asked: list[str], coordinator: User, site: Site
) -> None:
    client = client_of(coordinator)
    upload(client, site, data, course_name="Neuve")
    draft = ImportFile.objects.get()
    reading.read_held(draft.pk)
    draft.refresh_from_db()
    assert (draft.state, draft.problem, draft.content) == (State.FAILED, problem, None)
    assert str(problem.label) in page(client, draft)


def test_what_no_worker_read_is_forgotten(asked: list[str], coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    upload(client, site, as_csv(long_table(1)), course_name="Neuve")
    draft = ImportFile.objects.get()
    ImportFile.objects.update(changed_at=timezone.now() - STUCK_AFTER - timedelta(minutes=1))
    shown = page(client, draft, "?columns=1")
    assert 'hx-trigger="every 1s"' not in shown
    for step in (columns, confirm):
        step(client, draft)
    assert state_of(draft) == State.READING, "there is nothing to compare yet"
    assert reading.forget_unread() == 0
    ImportFile.objects.update(uploaded_at=timezone.now() - reading.HELD - timedelta(minutes=1))
    assert reading.forget_unread() == 1
    reading.read_held(draft.pk)
    draft.refresh_from_db()
    assert (draft.state, draft.content) == (State.FAILED, None)


def test_what_redis_lost_must_be_given_again(asked: list[str], coordinator: User, site: Site) -> None:
    client = client_of(coordinator)
    upload(client, site, as_csv(long_table(1)), course_name="Neuve")
    draft = ImportFile.objects.get()
    cache.clear()
    reading.read_held(draft.pk)
    assert state_of(draft) == State.FAILED
    page(client_of(coordinator), draft)


def test_an_archive_weighs_what_is_in_it(asked: list[str], coordinator: User, site: Site) -> None:
    """A small file may be a long one: its lines are alike."""
    rows = [[*HEADER], *([["Ana", "Exemple", "ana@ac-test.example.org", "Jamais"]] * 5_000)]
    data = as_xlsx(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "LIGHT", len(data))
        upload(client_of(coordinator), site, data, course_name="Neuve")
    assert asked == ["dashboard.tasks.read_import"]
