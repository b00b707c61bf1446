"""Each bulk act on 20,000 people who all change, and its undo, by a Celery worker."""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from benchmarks.roster import ready
from benchmarks.roster_data import Shape
from benchmarks.sites import Worker, the_worker, workers
from dashboard.enums import State
from dashboard.models import BulkAct, Contact, FollowUp, Person, Selection
from dashboard.plan.recompute import recompute
from dashboard.selection.stored import MOST
from moodle_sync.enums import EPOCH, Standing
from moodle_sync.models import Course, Enrolment

SHAPE = Shape([250] * 400 + [20_500])
"""Among others: the staff of the last one are sent away, and who is too many."""
PATIENCE = 600
LOOKS_EVERY = 0.25


def measure() -> dict[str, float]:
    team = ready(SHAPE)
    colleague = User.objects.create(email="chloe@example.org", role=Role.COORDINATOR, sees_all=True)
    course = Course.objects.select_related("site").latest("pk")
    _all_to_do(course)
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(team.coordinator)
    figures: dict[str, float] = {}
    acknowledged, grown, pages = list[float](), list[float](), list[float]()
    with workers(1, processes=1):
        worker = the_worker()
        for name, step, form in _acts(colleague):
            measured = _one(browser, worker, step, form | {"query": f"course={course.pk}"}, pages)
            figures[f"bulk_s_{name}"], figures[f"bulk_undo_s_{name}"] = measured[:2]
            acknowledged.append(measured[2])
            grown.append(measured[3])
    return figures | {
        "bulk_acknowledged_ms": max(acknowledged),
        "bulk_peak_mib": max(grown),
        "bulk_roster_ms_p95": statistics.quantiles(pages, n=20)[-1],
    }


def _acts(colleague: User) -> Iterator[tuple[str, str, dict[str, object]]]:
    yield "contacted", "contactes", {}
    yield "note", "note", {"text": "Mail collectif de rentrée."}
    yield "assign", "attribuer", {"to": colleague.pk, "reason": "Congé."}
    yield "callback", "rappeler", {"date": f"{timezone.now() + timedelta(days=5):%Y-%m-%dT09:00}", "who": "mine"}
    yield "close", "suivi", {"what": "close", "reason": "declined"}
    yield "block", "suivi", {"what": "block", "cause": "technical", "address": "aide@example.org"}
    yield "email", "e-mail", {}


def _all_to_do(course: Course) -> None:
    """20,000 who never came in and are to be called: what a session that has just opened looks like."""
    rows = Enrolment.objects.filter(course=course)
    rows.filter(standing=Standing.STAFF).delete()
    rows.exclude(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])).delete()
    rows.update(standing=Standing.PRESENT, last_course_access=EPOCH)
    held = FollowUp.objects.filter(enrolment__course=course)
    Contact.objects.filter(follow_up__in=held).delete()
    held.update(state=State.TODO, due_at=timezone.now(), assignee=None, entry_known=False, closed_for="")
    Person.objects.update(do_not_call=False)
    recompute(course)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _one(
    browser: Client, worker: Worker, step: str, form: dict[str, object], pages: list[float]
) -> tuple[float, float, float, float]:
    """Seconds of the act and of its undo, milliseconds until it was acknowledged, MiB that the worker grew."""
    key = _select_all(browser, form.pop("query"))
    worker.mark()
    begun = time.perf_counter()
    answer = browser.post(reverse("dashboard:bulk", args=[step]), {"selection": key, "go": "1", **form})
    acknowledged = (time.perf_counter() - begun) * 1000
    act = BulkAct.objects.latest("created_at")
    if answer.status_code != 302:
        raise RuntimeError(f"{step} was answered with {answer.status_code}")
    done = _wait(act, BulkAct.State.DONE, begun, browser, pages)
    if BulkAct.objects.get(pk=act.pk).done != MOST:
        raise RuntimeError(f"{step} changed {BulkAct.objects.get(pk=act.pk).done} of {MOST}")
    begun = time.perf_counter()
    browser.post(reverse("dashboard:undo", args=[act.pk]))
    undone = _wait(act, BulkAct.State.UNDONE, begun, browser, pages)
    grown = worker.grown()
    steps = {"act": step, "done": done, "undone": undone, "acknowledged_ms": acknowledged, "mib": grown}
    print(f"  {json.dumps(steps)}", file=sys.stderr)
    return done, undone, acknowledged, grown


def _select_all(browser: Client, query: object) -> str:
    browser.post(reverse("dashboard:select-all"), {"query": query})
    return str(Selection.objects.latest("created_at").pk)


def _wait(act: BulkAct, state: str, begun: float, browser: Client, pages: list[float]) -> float:
    """Until it is in this state; meanwhile the user goes on reading their list."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = BulkAct.objects.values_list("state", flat=True).get(pk=act.pk)
        if found == state:
            return time.perf_counter() - begun
        asked = time.perf_counter()
        browser.get(reverse("dashboard:roster"))
        pages.append((time.perf_counter() - asked) * 1000)
        time.sleep(LOOKS_EVERY)
    raise RuntimeError(f"{act.name} is not {state} after {PATIENCE} s")
