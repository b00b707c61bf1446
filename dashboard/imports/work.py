"""Comparing and importing a draft, in the request or by a worker. A draft is moved on by one at a time."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import kombu.exceptions
from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.imports.details import DetailsPlan
from dashboard.imports.progress import STUCK_AFTER, Progress
from dashboard.models import ImportFile
from dashboard.models.import_file import sealed, unsealed
from moodle_sync.files.apply import apply
from moodle_sync.files.plan import Plan, mapping_of
from moodle_sync.models import Course
from moodle_sync.signals import course_synced

State = ImportFile.State
AT_ONCE = 1_000
"""Lines that are dealt with while the browser waits."""
KEPT = timedelta(days=1)
Rows = list[tuple[int, list[str]]]


def take(draft: ImportFile, *, among: Sequence[State], stuck: Sequence[State], to: State, **fields: Any) -> bool:
    """Move the draft on, unless somebody else just did. `stuck`: where a dead worker may have left it."""
    now = timezone.now()
    free = Q(state__in=among) | Q(state__in=stuck, changed_at__lt=now - STUCK_AFTER)
    there = ImportFile.objects.filter(free, pk=draft.pk, content__isnull=False)
    return bool(there.update(state=to, changed_at=now, **fields))


def ask(draft: ImportFile, work: Callable[[int], None], task: str, *, back_to: State) -> bool:
    """Do the work now when it is short, else leave it to a worker. False: no queue answers."""
    if draft.lines <= AT_ONCE:
        work(draft.pk)
        return True
    try:
        current_app.send_task(task, [draft.pk])
    except kombu.exceptions.OperationalError:
        ImportFile.objects.filter(pk=draft.pk, state__in=[State.CHECKING, State.APPLYING]).update(state=back_to)
        return False
    return True


def check(pk: int) -> None:
    """Compare the file with what is known, and keep the preview. Writes nothing else."""
    draft = ImportFile.objects.select_related("site", "course__site", "by").get(pk=pk)
    if draft.state != State.CHECKING or draft.content is None:
        return
    try:
        plan = planned(draft)
    except Exception:
        fail(pk)
        raise
    ImportFile.objects.filter(pk=pk, state=State.CHECKING).update(
        state=State.READY, counts=plan.counts, outcome=sealed(preview_of(plan)), changed_at=timezone.now()
    )


def write(pk: int) -> None:
    """Import the file as confirmed, on the rows of now: all or nothing. Asked again, it goes on where it was left."""
    try:
        with transaction.atomic():
            draft = ImportFile.objects.select_for_update(of=("self",)).select_related("site", "by").get(pk=pk)
            if draft.state != State.APPLYING:
                return
            was_written = draft.content is None
            if not was_written:
                draft.counts, draft.changed_at = _written(draft).counts, timezone.now()
                draft.content = draft.outcome = None
                draft.save()
    except Exception:
        fail(pk)
        raise
    if was_written and draft.course_id is not None:  # whoever wrote it died before the follow-ups knew
        course_synced.send(Course, course_id=draft.course_id, run_id=None)
    ImportFile.objects.filter(pk=pk, state=State.APPLYING).update(state=State.DONE, changed_at=timezone.now())


def resume() -> int:
    """Written, but left by a worker that died before the follow-ups knew. Returns how many files."""
    left = ImportFile.objects.filter(
        state=State.APPLYING, content=None, changed_at__lt=timezone.now() - STUCK_AFTER
    ).values_list("pk", flat=True)
    for pk in left:
        write(pk)
    return len(left)


def fail(pk: int) -> None:
    """Nothing of it was written, and nothing of it is kept."""
    ImportFile.objects.filter(pk=pk, content__isnull=False).update(state=State.FAILED, content=None, outcome=None)


def planned(draft: ImportFile) -> Plan | DetailsPlan:
    rows, mapping = rows_of(draft), mapping_of(draft.mapping)
    if draft.kind == ImportFile.Kind.DETAILS:
        return DetailsPlan(draft.site, draft.by, mapping, Progress(draft))(rows)
    return Plan(course_of(draft), mapping, draft.moment, Progress(draft))(rows)


def _written(draft: ImportFile) -> Plan | DetailsPlan:
    if draft.kind == ImportFile.Kind.DETAILS:
        details = planned(draft)
        assert isinstance(details, DetailsPlan)
        details.write()
        return details
    course = course_of(draft)
    plan = apply(course, mapping_of(draft.mapping), rows_of(draft), moment=draft.moment, alive=Progress(draft))
    # One that was left aside once, and is found again by its number or its name.
    Course.objects.filter(pk=plan.course.pk, followed=False).update(followed=True, followed_since=timezone.now())
    draft.course_id = plan.course.pk
    return plan


def course_of(draft: ImportFile) -> Course:
    """The course chosen; or that of the number or name given, made when there is none yet (unsaved here)."""
    if draft.course is not None:
        return draft.course
    courses = Course.objects.filter(site=draft.site).select_related("site")
    if draft.course_moodle_id is not None:
        found = courses.filter(moodle_id=draft.course_moodle_id).first()
    else:
        found = courses.filter(moodle_id=None, full_name=draft.course_name).first()
    return found or Course(
        site=draft.site,
        moodle_id=draft.course_moodle_id,
        short_name="",
        full_name=draft.course_name,
        start_date=draft.course_start,
    )


def content_of(draft: ImportFile) -> dict[str, Any]:
    assert draft.content is not None  # callers look first
    content: dict[str, Any] = unsealed(draft.content)
    return content


def rows_of(draft: ImportFile) -> Rows:
    return [(number, cells) for number, cells in content_of(draft)["rows"]]


def preview_of(plan: Plan | DetailsPlan) -> dict[str, Any]:
    """What the screen shows. Of the file only: what was known of people is not in it."""
    bad = [[line.number, line.fault.value, line.column] for line in plan.bad]
    if isinstance(plan, DetailsPlan):
        people = [[a.number, a.outcome.value, list(a.changed), "", a.email] for a in plan.additions]
        return {"bad": bad, "people": people}
    people = [
        [d.person.numbers[0], d.outcome.value, list(d.changed), d.person.full_name, d.person.email]
        for d in plan.decisions
    ]
    staff = sorted({role for d in plan.decisions if d.is_staff for role in d.enrolment["roles"]})
    return {"bad": bad, "people": people, "staff": staff}


def forget() -> int:
    """The rows of what was not confirmed within a day. Returns how many files."""
    old = ImportFile.objects.filter(content__isnull=False, uploaded_at__lt=timezone.now() - KEPT)
    return old.update(content=None, outcome=None, state=State.DROPPED)
