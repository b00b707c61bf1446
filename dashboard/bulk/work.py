"""Doing a bulk act, and undoing it: chunk by chunk, each in a transaction that also says how far it got."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import kombu.exceptions
from celery import current_app
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from dashboard.bulk.rules import KINDS, SAYS_NOTHING_OF_THE_STATE, Chunk, Name, Reason, Skip, details
from dashboard.follow_up import machine, many
from dashboard.follow_up.handing import handed_since
from dashboard.handover.notices import tell_of_people
from dashboard.models import Blockage, BulkAct, Contact, FollowUp
from dashboard.people import locked_owners
from dashboard.queue import counts as queue_counts
from dashboard.roster import counts as roster_counts
from dashboard.scope import own_enrolments, undoable, visible_enrolments
from dashboard.selection.picked import Picked
from dashboard.selection.stored import NO_FOLLOW_UP
from moodle_sync.enums import Access, Standing
from moodle_sync.models import Course, Enrolment

logger = logging.getLogger(__name__)
State = BulkAct.State
KEPT = timedelta(days=30)
AT_ONCE = 200
"""So many are done while the browser waits."""
CHUNK = 500
DEAD_AFTER = timedelta(minutes=2)
LONG = ["enrolments", "versions"]
MOVES = ["state", "position", "done", "skipped", "undone", "kept", "heartbeat_at", "parameters"]
TASK = "dashboard.tasks.run_bulk_act"


def begin(picked: Picked, name: str, parameters: dict[str, Any]) -> BulkAct:
    """Recounted: on those who are still there. Done on return, or left to a worker.

    What is done at once and fails was never begun: told so, the user does it again, and `resume` must not do both.
    """
    present = set(picked.present)
    # Course by course: the plan of a course is read once for all its people.
    rows = Enrolment.objects.filter(pk__in=present).order_by("course", "pk").values_list("pk", flat=True)
    gone = [pk for pk in picked.ids if pk not in present]
    said: dict[str, Any] = {"user": picked.user, "name": name, "parameters": parameters}
    said |= {"enrolments": (ids := list(rows)), "versions": [picked.versions[pk] for pk in ids]}
    with transaction.atomic():
        if same := _sent_before(said):
            return same
        skipped = {Reason.GONE: gone} if gone else {}
        act = BulkAct.objects.create(**said, skipped=skipped, told=len(ids) <= AT_ONCE)
        _go_on(act)
    act.refresh_from_db()
    return act


def _sent_before(said: Mapping[str, Any]) -> BulkAct | None:
    """The same note by a form that was sent twice: each note makes new versions, and these are those seen before it.

    Acts other than notes are refused where the version is no longer the one that was seen.
    """
    if said["name"] != Name.NOTE:
        return None
    User.objects.select_for_update(no_key=True).get(pk=said["user"].pk)  # the second waits for the first
    text = said["parameters"]["text"]
    seen = {name: said[name] for name in ("user", "name", "enrolments", "versions")}
    # Once it is done, the words are in the timelines only.
    written = Contact.objects.filter(act=OuterRef("pk"), note=text)
    same = BulkAct.objects.filter(Exists(written) | Q(parameters__text=text), **seen)
    return same.filter(state__in=[State.RUNNING, State.DONE]).first()


def undo(act: BulkAct) -> bool:
    """Of all of it; what was not done yet is not done at all. False: it was undone before."""
    told = act.total <= AT_ONCE
    with transaction.atomic():
        began = BulkAct.objects.filter(pk=act.pk, state__in=[State.RUNNING, State.DONE]).update(
            state=State.UNDOING, position=0, told=told, heartbeat_at=timezone.now()
        )
        if began:
            _go_on(act)
    act.refresh_from_db()
    return bool(began)


def _go_on(act: BulkAct) -> None:
    if act.total > AT_ONCE:
        transaction.on_commit(lambda: _hand_to_worker(act.pk))
    else:
        run(act.pk)


def _hand_to_worker(pk: UUID) -> None:
    try:
        current_app.send_task(TASK, [str(pk)])
    except kombu.exceptions.OperationalError:
        logger.warning("Bulk act %s: no queue answers; `resume` goes on with it.", pk)


def run(pk: UUID) -> None:
    """To its end, from where it was left. Two who run it at once take turns, and do nothing twice."""
    while _step(pk):
        pass


def resume() -> int:
    """Left by a worker that died, or by a queue that did not answer. Returns how many."""
    silent = BulkAct.objects.filter(
        state__in=[State.RUNNING, State.UNDOING], heartbeat_at__lt=timezone.now() - DEAD_AFTER
    ).values_list("pk", flat=True)
    for pk in list(silent):
        run(pk)
    return len(silent)


def forget_old() -> int:
    """Their entries stay in the timelines. Returns how many acts."""
    number, _by_model = BulkAct.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return number


@transaction.atomic
def _step(pk: UUID) -> bool:
    """One chunk. False: there is nothing more to do."""
    held = BulkAct.objects.select_for_update(of=("self",)).select_related("user").defer(*LONG)
    act = held.annotate(size=F("enrolments__len")).get(pk=pk)
    if not act.is_busy:
        return False
    versions = _chunk(act)
    if act.state == State.RUNNING:
        _do(act, versions)
    else:
        _undo(act, versions.keys())
    act.position, act.heartbeat_at = act.position + len(versions), timezone.now()
    if act.position == act.size:
        act.state = State.DONE if act.state == State.RUNNING else State.UNDONE
        _finish(act)
    act.save(update_fields=MOVES)
    return act.is_busy


def _chunk(act: BulkAct) -> dict[int, int]:
    """The next of them, with their versions: 20,000 are not read, let alone written again, for each 500."""
    part = f"{act.position}_{act.position + CHUNK}"
    [(ids, versions)] = BulkAct.objects.filter(pk=act.pk).values_list(f"enrolments__{part}", f"versions__{part}")
    return dict(zip(ids, versions, strict=True))


def _do(act: BulkAct, versions: dict[int, int]) -> None:
    now = timezone.now()
    rows = _locked(act, versions)
    there = {row.enrolment_id for row in rows}
    _skip(act, Reason.NONE, [pk for pk, version in versions.items() if version == NO_FOLLOW_UP and pk not in there])
    _skip(act, Reason.GONE, [pk for pk, version in versions.items() if version != NO_FOLLOW_UP and pk not in there])
    if act.name == Name.EMAIL:  # two messages to one person at once: the second waits here, and finds the first
        locked_owners(row.enrolment.participant_id for row in rows)
    chunk = Chunk(act, rows, now, _access(there) if act.name in {Name.REOPEN, Name.DECLARE} else {})
    said = details(act)
    assignee = act.parameters["to"] if act.name == Name.ASSIGN else None
    handed = _handed_meanwhile(rows, versions) if act.name == Name.ASSIGN else set()
    targets: list[tuple[FollowUp, many.Destination]] = []
    for row in rows:
        target = _decided(chunk, row, versions[row.enrolment_id])
        if row.pk in handed and not isinstance(target, Skip):
            target = Skip(Reason.HANDED)
        if isinstance(target, Skip):
            _skip(act, target.reason, [row.enrolment_id])
        else:
            targets.append((row, target))
    entries = many.record_all(
        targets, kind=KINDS[act.name], author=act.user, act=act.pk, now=now, assignee=assignee, **said
    )
    if act.name == Name.BLOCK:
        Blockage.objects.bulk_create(
            Blockage(
                follow_up_id=entry.follow_up_id,
                contact=entry,
                owner_id=act.parameters.get("owner") or None,
                address=act.parameters["address"],
            )
            for entry in entries
        )
    act.done += len(entries)


def _handed_meanwhile(rows: Sequence[FollowUp], versions: Mapping[int, int]) -> set[int]:
    """Who belongs to somebody else than the user saw: two who hand over the same people do not undo each other."""
    seen = {row.pk: versions[row.enrolment_id] for row in rows if versions[row.enrolment_id] != NO_FOLLOW_UP}
    return handed_since([row for row in rows if row.pk in seen], seen)


def _decided(chunk: Chunk, row: FollowUp, version: int) -> many.Destination | Skip:
    name = chunk.act.name
    if row.version != version and name not in SAYS_NOTHING_OF_THE_STATE:
        return Skip(Reason.CHANGED)
    target = chunk.decide(row)
    if not isinstance(target, Skip):
        try:
            many.check(KINDS[name], row, target, None, details(chunk.act))
        except machine.Forbidden:
            return Skip(Reason.STATE)
    return target


def _locked(act: BulkAct, ids: Iterable[int]) -> Sequence[FollowUp]:
    """Of those still in the user's scope, in the order in which everybody locks."""
    if not act.user.is_active:
        return []
    seen = own_enrolments(act.user) if act.name == Name.ASSIGN else visible_enrolments(act.user)
    allowed = set(seen.filter(pk__in=list(ids)).exclude(standing=Standing.STAFF).values_list("pk", flat=True))
    rows = FollowUp.objects.select_for_update(of=("self",)).filter(enrolment__in=allowed).order_by("pk")
    held = list(rows.select_related("enrolment__participant__account__person"))
    courses = Course.objects.select_related("site").in_bulk({row.enrolment.course_id for row in held})
    for row in held:
        row.enrolment.course = courses[row.enrolment.course_id]
    return held


def _access(ids: Iterable[int]) -> dict[int, Access]:
    found = Enrolment.objects.filter(pk__in=list(ids)).with_access(now=timezone.now())
    return {enrolment.pk: Access(enrolment.access) for enrolment in found}


def _skip(act: BulkAct, reason: str, ids: Sequence[int]) -> None:
    if ids:
        act.skipped.setdefault(str(reason), []).extend(ids)


def _undo(act: BulkAct, ids: Iterable[int]) -> None:
    touched = list(FollowUp.objects.filter(enrolment__in=list(ids)).values_list("pk", flat=True))
    mine = Contact.objects.filter(follow_up__in=touched, act=act.pk, author=act.user, undone_by=None)
    entries = list(mine.select_related("follow_up"))
    allowed = set(undoable(act.user, act.pk, among=touched).values_list("pk", flat=True))
    undone, kept = many.undo_some([e for e in entries if e.follow_up_id in allowed], by=act.user, act=uuid4())
    kept += [entry for entry in entries if entry.follow_up_id not in allowed]
    act.undone += len(undone)
    act.kept += [entry.follow_up.enrolment_id for entry in kept]


def _finish(act: BulkAct) -> None:
    if act.name == Name.ASSIGN and act.state == State.DONE and act.done:
        persons = Contact.objects.filter(act=act.pk).values("follow_up__enrolment__participant__account__person")
        to = User.objects.get(pk=act.parameters["to"])
        tell_of_people(to, by=act.user, act=act.pk, number=persons.distinct().count(), reason=act.parameters["reason"])
    # Words about people have their place, and their end, in the timelines.
    act.parameters = {name: value for name, value in act.parameters.items() if name == "to"}
    transaction.on_commit(lambda: _forget_counts(act.user))


def _forget_counts(user: User) -> None:
    roster_counts.forget(by=user)
    queue_counts.forget(user)
