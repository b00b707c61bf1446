"""Exports that a worker prepares: whole, its author's alone, and told when the worker dies."""

import csv
import io
import signal
from datetime import timedelta
from typing import Any

import kombu.exceptions
import pytest
from celery import current_app
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.exports import asking, making, writers
from dashboard.models import AuditEntry, Export, ExportPart
from moodle_sync.models import Group
from tests.factories import EnrolmentFactory
from tests.moodle_sync.workers import own_line, until, waits_for, worker

State = Export.State
PATIENCE = 300
LISTED = "/exports/"


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(asking, "AT_ONCE", 2)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What a queue without workers is asked for."""
    asked: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, arguments: asked.extend(arguments))
    return asked


@pytest.fixture
def claire(client: Client, tutor: User) -> Client:
    client.force_login(tutor)
    return client


def ask(client: Client, group: Group, people: int = 3) -> Export:
    EnrolmentFactory.create_batch(people, course=group.course, groups=[group])
    response = client.post("/enseignants/exporter/", {"format": "csv", "query": f"course={group.course.pk}"})
    assert response["Location"] == LISTED
    return Export.objects.latest("pk")


def file_of(client: Client, export: Export) -> Any:
    return client.get(reverse("dashboard:export-file", args=[export.pk]))


def rows_of(response: Any) -> list[dict[str, str]]:
    raw = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(raw), delimiter=";"))


def state_of(export: Export) -> str:
    return Export.objects.values_list("state", flat=True).get(pk=export.pk)


def page(client: Client) -> str:
    return client.get(LISTED).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queue")
def test_a_killed_worker_is_told_and_the_next_one_writes_it_whole(claire: Client, group: Group) -> None:
    export = ask(claire, group)
    assert "En attente" in page(claire)
    with own_line() as line:
        line.execute("LOCK TABLE dashboard_contactdetail IN ACCESS EXCLUSIVE MODE")
        with worker() as process:
            until(lambda: waits_for("dashboard_contactdetail"), PATIENCE)
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    assert state_of(export) == State.MAKING
    assert "En préparation" in page(claire)
    assert making.give_up() == 0, "it may still be alive"
    Export.objects.update(changed_at=timezone.now() - making.STUCK_AFTER - timedelta(seconds=1))
    assert making.give_up() == 1
    assert "n’a pas abouti" in page(claire)
    claire.post(reverse("dashboard:export-again", args=[export.pk]))
    with worker():
        until(lambda: state_of(export) == State.READY, PATIENCE)
    response = file_of(claire, export)
    assert 'attachment; filename="vigie-enseignants-' in response["Content-Disposition"]
    assert len(rows_of(response)) == 3


@pytest.mark.django_db
def test_nobody_elses_file(
    claire: Client, group: Group, sent: list[int], other_tutor: User, coordinator: User, administrator: User
) -> None:
    export = ask(claire, group)
    making.make(export.pk)
    for user, status in ((other_tutor, 404), (coordinator, 404), (administrator, 403)):
        stranger = Client()
        stranger.force_login(user)
        assert file_of(stranger, export).status_code == status
    assert "csv" not in page_of(coordinator)


def page_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return page(client)


@pytest.mark.django_db
def test_what_waits_in_the_database_is_encrypted(claire: Client, group: Group, sent: list[int]) -> None:
    export = ask(claire, group)
    making.make(export.pk)
    name = group.course.enrolments.first().participant.last_name  # type: ignore[union-attr]  # three are there
    [part] = ExportPart.objects.all()
    assert name.encode() not in bytes(part.content)


@pytest.mark.django_db
def test_delivered_twice_it_is_written_once(claire: Client, group: Group, sent: list[int]) -> None:
    export = ask(claire, group)
    assert sent == [export.pk]
    making.make(export.pk)
    before = list(ExportPart.objects.values_list("pk", flat=True))
    making.make(export.pk)
    assert list(ExportPart.objects.values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_a_worker_that_was_given_up_keeps_nothing(
    claire: Client, group: Group, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back to life when another has written the file."""
    export = ask(claire, group)
    write: Any = writers.write

    def slow(*args: Any) -> int:
        Export.objects.update(changed_at=timezone.now() - timedelta(days=1) / 2)
        making.give_up()
        making.again(export)
        monkeypatch.setattr(writers, "write", write)
        making.make(export.pk)
        return int(write(*args))

    monkeypatch.setattr(writers, "write", slow)
    making.make(export.pk)
    assert state_of(export) == State.READY
    assert len(rows_of(file_of(claire, export))) == 3
    assert ExportPart.objects.count() == 1


@pytest.mark.django_db
def test_it_holds_only_who_is_still_ones_own(claire: Client, group: Group, sent: list[int], tutor: User) -> None:
    """When it is written, and when it is fetched."""
    export = ask(claire, group)
    Assignment.objects.filter(user=tutor).update(ended_at=timezone.now())
    making.make(export.pk)
    export.refresh_from_db()
    assert (export.people, export.done) == (3, 0)
    Assignment.objects.filter(user=tutor).update(ended_at=None)
    again = ask(claire, group)
    making.make(again.pk)
    Assignment.objects.filter(user=tutor).update(ended_at=timezone.now())
    response = file_of(claire, again)
    assert response.status_code == 410
    assert "ne vous sont plus confiées" in response.content.decode()


@pytest.mark.django_db
def test_after_a_day_the_link_says_so_and_nothing_is_left(claire: Client, group: Group, sent: list[int]) -> None:
    export = ask(claire, group)
    making.make(export.pk)
    assert making.forget() == 0
    Export.objects.update(changed_at=timezone.now() - making.KEPT - timedelta(minutes=1))
    assert making.forget() == 1
    response = file_of(claire, export)
    assert response.status_code == 410
    assert "a expiré" in response.content.decode()
    assert not ExportPart.objects.exists()
    export.refresh_from_db()
    assert export.ids is None
    assert AuditEntry.objects.filter(export=export).exists()


@pytest.mark.django_db
def test_without_a_queue_it_is_said_at_once(claire: Client, group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_queue(name: str, arguments: list[int]) -> None:
        raise kombu.exceptions.OperationalError

    monkeypatch.setattr(current_app, "send_task", no_queue)
    export = ask(claire, group)
    assert state_of(export) == State.FAILED
    assert "aucun service de traitement ne répond" in page(claire)


@pytest.mark.django_db
def test_too_many_are_refused_in_words(
    claire: Client, group: Group, monkeypatch: pytest.MonkeyPatch, sent: list[int]
) -> None:
    monkeypatch.setattr(asking, "MOST", 2)
    EnrolmentFactory.create_batch(3, course=group.course, groups=[group])
    response = claire.post("/enseignants/exporter/", {"format": "csv"}, follow=True)
    assert "aucun fichier n’a été préparé" in response.content.decode()
    assert not Export.objects.exists()
