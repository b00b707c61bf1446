"""Laws of acts on many people: the right ones, once, told, and undone as one."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.bulk import work
from dashboard.bulk.rules import Name, Reason
from dashboard.bulk.words import told
from dashboard.enums import Cause, ClosedFor, Kind, State
from dashboard.follow_up import acts, many, moves
from dashboard.follow_up.blocking import current_blockages
from dashboard.follow_up.reminding import Obstacle
from dashboard.follow_up.writing import log_message
from dashboard.models import BulkAct, Contact, FollowUp, Notice
from dashboard.selection.picked import Picked, picked
from dashboard.selection.stored import select_all
from moodle_sync.enums import Access
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import EnrolmentFactory, GroupFactory

Make = Callable[..., list[Enrolment]]


@pytest.fixture
def make(course: Course, group: Group) -> Make:
    def people(n: int = 1, **fields: Any) -> list[Enrolment]:
        return [EnrolmentFactory.create(**({"course": course, "groups": [group]} | fields)) for _ in range(n)]

    return people


def ticked(user: User, enrolments: list[Enrolment]) -> Picked:
    rows = "&".join(f"row={e.pk}:{FollowUp.objects.get(enrolment=e).version}" for e in enrolments)
    return picked(user, QueryDict(rows))


def states(enrolments: list[Enrolment]) -> list[str]:
    found = dict(FollowUp.objects.values_list("enrolment", "state"))
    return [found[e.pk] for e in enrolments]


def values(enrolments: list[Enrolment]) -> list[dict[str, Any]]:
    names = [*moves.RESTORED, "next_channel", "next_at"]
    return list(FollowUp.objects.filter(enrolment__in=enrolments).order_by("pk").values(*names))


def test_many_at_once_are_as_one_by_one(tutor: User, make: Make) -> None:
    one, many = make(2, follow_up__due_at=timezone.now() - timedelta(days=1)), make(2)
    FollowUp.objects.filter(enrolment__in=many).update(due_at=one[0].follow_up.due_at)
    for enrolment in one:
        acts.mark_contacted(enrolment.follow_up, by=tutor, version=0)
    act = work.begin(ticked(tutor, many), Name.CONTACTED, {})
    assert (act.state, act.done, act.skipped) == (BulkAct.State.DONE, 2, {})
    unlike = {"last_contact_id", "last_contact_at"}
    one_by_one, at_once = (
        [{k: v for k, v in row.items() if k not in unlike} for row in values(e)] for e in (one, many)
    )
    assert at_once == one_by_one
    for row in FollowUp.objects.filter(enrolment__in=many):
        entry = row.contacts.get()
        assert (entry.act, entry.version, entry.kind, entry.author) == (act.pk, 1, Kind.CONTACTED, tutor)
        assert (row.last_contact, row.last_contact_at, row.version) == (entry, entry.created_at, 1)


def test_a_strangers_row_is_told_and_left_alone(tutor: User, make: Make, course: Course) -> None:
    mine, strange = make(1), make(1, groups=[GroupFactory(course=course)])
    act = work.begin(ticked(tutor, mine + strange), Name.CONTACTED, {})
    assert act.skipped == {Reason.GONE: [strange[0].pk]}
    assert states(strange) == [State.TODO]
    assert states(mine) == [State.CONTACTED]


def test_what_changed_since_it_was_seen_is_left_and_told(tutor: User, other_tutor: User, make: Make) -> None:
    seen, changed, closed = make(3)
    who = ticked(tutor, [seen, changed, closed])
    acts.mark_contacted(changed.follow_up, by=other_tutor, version=0)
    FollowUp.objects.filter(enrolment=closed).update(state=State.CLOSED_IN, due_at=None)
    act = work.begin(who, Name.CONTACTED, {})
    assert act.skipped == {Reason.CHANGED: [changed.pk], Reason.CLOSED: [closed.pk]}
    assert act.done == 1
    assert Contact.objects.filter(follow_up=changed.follow_up).count() == 1
    said = told(act)
    assert said.level == "warning"
    assert said.act == act.pk


def test_a_selection_is_recounted_when_it_is_acted_on(tutor: User, make: Make) -> None:
    enrolments = make(3)
    who = picked(tutor, QueryDict(f"selection={select_all(tutor, QueryDict('state=todo')).pk}"))
    acts.mark_contacted(enrolments[0].follow_up, by=tutor, version=0)
    newcomer = make(1)
    act = work.begin(who, Name.NOTE, {"text": "Salle changée."})
    assert act.skipped == {Reason.GONE: [enrolments[0].pk]}
    assert act.done == 2
    assert not Contact.objects.filter(follow_up__enrolment__in=newcomer).exists()
    assert act.parameters == {}, "a note is kept in the timelines only"


def test_one_undo_for_all_of_it_keeps_what_changed_since(tutor: User, other_tutor: User, make: Make) -> None:
    enrolments = make(3)
    before = values(enrolments)
    act = work.begin(ticked(tutor, enrolments), Name.CONTACTED, {})
    later = FollowUp.objects.get(enrolment=enrolments[2])
    acts.add_note(later, "A rappelé.", by=other_tutor)
    assert work.undo(act)
    act.refresh_from_db()
    assert (act.state, act.undone, act.kept) == (BulkAct.State.UNDONE, 2, [enrolments[2].pk])
    assert states(enrolments) == [State.TODO, State.TODO, State.CONTACTED]
    assert values(enrolments)[:2] == before[:2]
    undone = Contact.objects.filter(kind=Kind.UNDO)
    assert {entry.undoes.act for entry in undone if entry.undoes} == {act.pk}
    assert told(act).level == "warning"
    assert not work.undo(act)
    assert undone.count() == 2


def test_what_failed_at_once_is_not_done_later(tutor: User, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user was told that it failed, and does it again: `resume` must not do the first as well."""
    enrolments = make(2)

    def deadlock(*_args: Any, **_fields: Any) -> None:
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as broken:
        broken.setattr(many, "record_all", deadlock)
        with pytest.raises(OperationalError):
            work.begin(ticked(tutor, enrolments), Name.NOTE, {"text": "Salle changée."})
    assert not BulkAct.objects.exists()
    act = work.begin(ticked(tutor, enrolments), Name.NOTE, {"text": "Salle changée."})
    with monkeypatch.context() as broken:
        broken.setattr(many, "undo_some", deadlock)
        with pytest.raises(OperationalError):
            work.undo(act)
    act.refresh_from_db()
    assert act.state == BulkAct.State.DONE
    assert work.undo(act), "it may be asked for again"


def test_who_left_the_scope_is_told_and_kept(tutor: User, make: Make) -> None:
    enrolments = make(3)
    act = work.begin(ticked(tutor, enrolments), Name.NOTE, {"text": "Salle changée."})
    enrolments[0].groups.clear()
    assert work.undo(act)
    act.refresh_from_db()
    assert (act.undone, act.kept) == (2, [enrolments[0].pk])
    assert told(act).level == "warning"
    nothing = work.begin(ticked(tutor, enrolments[1:]), Name.NOTE, {"text": "Salle changée."})
    Assignment.objects.update(ended_at=timezone.now())
    assert work.undo(nothing)
    nothing.refresh_from_db()
    assert (nothing.undone, len(nothing.kept)) == (0, 2)
    assert told(nothing).text.startswith("Rien n’a été annulé.")
    assert told(nothing).level == "warning"


def test_every_undo_gives_back_what_was(tutor: User, make: Make, other_tutor: User) -> None:
    soon = (timezone.now() + timedelta(days=2)).replace(tzinfo=None, microsecond=0).isoformat()
    asked: list[tuple[str, dict[str, Any], State]] = [
        (Name.CALLBACK, {"date": soon, "mine": True}, State.CALLBACK),
        (Name.CLOSE, {"reason": ClosedFor.OTHER, "words": "Muté"}, State.CLOSED_OUT),
        (Name.BLOCK, {"cause": Cause.CREDENTIALS, "address": "support@example.org"}, State.BLOCKED),
        (Name.ASSIGN, {"to": other_tutor.pk, "reason": "Congé"}, State.TODO),
        (Name.EMAIL, {}, State.REMINDED),
        (Name.NOTE, {"text": "Vu."}, State.TODO),
    ]
    for name, parameters, state in asked:
        enrolments = make(2)
        before = values(enrolments)
        act = work.begin(ticked(tutor, enrolments), name, parameters)
        assert states(enrolments) == [state, state], name
        assert act.done == 2
        work.undo(act)
        assert values(enrolments) == before, name


def test_closed_by_hand_and_blocked_are_taken_up_again(tutor: User, make: Make) -> None:
    closed, blocked, open_ = make(3)
    work.begin(ticked(tutor, [closed]), Name.CLOSE, {"reason": ClosedFor.DECLINED, "words": ""})
    work.begin(ticked(tutor, [blocked]), Name.BLOCK, {"cause": Cause.TECHNICAL, "address": "support@example.org"})
    row = FollowUp.objects.get(enrolment=blocked)
    assert current_blockages([row])[row.pk].address == "support@example.org"
    act = work.begin(ticked(tutor, [closed, blocked, open_]), Name.REOPEN, {})
    assert act.skipped == {Reason.STATE: [blocked.pk, open_.pk]}
    act = work.begin(ticked(tutor, [closed, blocked]), Name.LIFT, {})
    assert act.skipped == {Reason.STATE: [closed.pk]}
    assert states([closed, blocked]) == [State.TODO, State.TODO]


def test_only_what_moodle_does_not_tell_is_declared(tutor: User, make: Make) -> None:
    [unknown] = make(1, last_course_access=None, last_site_access=None)
    [never] = make(1)
    act = work.begin(ticked(tutor, [unknown, never]), Name.DECLARE, {})
    assert act.skipped == {Reason.STATE: [never.pk]}
    assert states([unknown]) == [State.CLOSED_IN]
    assert Enrolment.objects.with_access(now=timezone.now()).get(pk=unknown.pk).access == Access.UNKNOWN


def test_a_colleagues_callback_and_a_wish_stand(tutor: User, other_tutor: User, make: Make) -> None:
    due = timezone.now() + timedelta(days=1)
    agreed = {"follow_up__state": State.CALLBACK, "follow_up__due_at": due}
    [theirs] = make(1, **agreed, follow_up__callback_for=other_tutor)
    [anyones] = make(1, **agreed)
    [silent] = make(1)
    silent.participant.account.person.do_not_call = True
    silent.participant.account.person.save()
    soon = (timezone.now() + timedelta(days=2)).replace(tzinfo=None).isoformat()
    who = ticked(tutor, [theirs, anyones, silent])
    act = work.begin(who, Name.CALLBACK, {"date": soon, "mine": False})
    assert act.skipped == {Reason.COLLEAGUE: [theirs.pk], Reason.DO_NOT_CALL: [silent.pk]}
    act = work.begin(ticked(tutor, [theirs]), Name.CONTACTED, {})
    assert (act.done, states([theirs])) == (1, [State.CALLBACK]), "contacted, and still to be called back by Samir"


def test_nobody_is_noted_as_written_to_twice(tutor: User, make: Make) -> None:
    free, written, unreachable = make(1)[0], make(1)[0], make(1, participant__email="")[0]
    [came] = make(1, last_course_access=timezone.now(), follow_up__state=State.CLOSED_IN, follow_up__due_at=None)
    log_message([(written.follow_up, 0)], by=tutor)
    act = work.begin(ticked(tutor, [free, written, unreachable, came]), Name.EMAIL, {})
    assert act.skipped == {Obstacle.RECENT: [written.pk], Obstacle.ADDRESS: [unreachable.pk]}
    assert states([free, came]) == [State.REMINDED, State.CLOSED_IN]
    assert came.follow_up.contacts.get().kind == Kind.EMAIL


def test_blocked_until_a_colleague_who_sees_them_all_has_acted(
    tutor: User, other_tutor: User, coordinator: User, make: Make, client: Client
) -> None:
    mine = make(2)
    shared = make(1, groups=[tutor.assignments.get().group, other_tutor.assignments.get().group])
    client.force_login(tutor)

    def step(enrolments: list[Enrolment], **data: Any) -> Any:
        rows = [f"{e.pk}:{FollowUp.objects.get(enrolment=e).version}" for e in enrolments]
        return client.post("/enseignants/selection/suivi/", {"row": rows, **data})

    def offered(enrolments: list[Enrolment]) -> set[str]:
        return {value for value, _name in step(enrolments).context["form"].fields["owner"].choices if value}

    assert offered(mine) == {str(tutor.pk), str(coordinator.pk)}
    assert offered(shared) == {str(tutor.pk), str(coordinator.pk), str(other_tutor.pk)}
    blocked = {"go": "1", "what": Name.BLOCK, "cause": Cause.CREDENTIALS}
    assert step(mine, **blocked, owner=other_tutor.pk).status_code == 422
    assert step(mine, **blocked, owner=coordinator.pk, address="support@example.org").status_code == 422
    step(mine, **blocked, owner=coordinator.pk)
    found = current_blockages(FollowUp.objects.filter(enrolment__in=mine))
    assert [blockage.owner for blockage in found.values()] == [coordinator] * 2


def test_the_colleague_is_told_once_and_not_after_an_undo(tutor: User, other_tutor: User, make: Make) -> None:
    enrolments = make(3)
    act = work.begin(ticked(tutor, enrolments), Name.ASSIGN, {"to": other_tutor.pk, "reason": "Congé"})
    notice = Notice.objects.get()
    assert (notice.user, notice.act, notice.number) == (other_tutor, act.pk, 3)
    again = work.begin(ticked(tutor, enrolments), Name.ASSIGN, {"to": other_tutor.pk, "reason": ""})
    assert again.skipped == {Reason.HAS_THEM: [e.pk for e in enrolments]}
    assert told(again).act is None


def test_who_lost_their_people_meanwhile_does_nothing(tutor: User, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "AT_ONCE", 0)
    enrolments = make(2)
    act = work.begin(ticked(tutor, enrolments), Name.CONTACTED, {})
    Assignment.objects.update(ended_at=timezone.now())
    work.run(act.pk)
    act.refresh_from_db()
    assert (act.done, act.skipped) == (0, {Reason.GONE: [e.pk for e in enrolments]})


def test_a_killed_worker_is_resumed_and_nothing_is_done_twice(
    tutor: User, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "AT_ONCE", 0)
    monkeypatch.setattr(work, "CHUNK", 2)
    enrolments = make(5)
    act = work.begin(ticked(tutor, enrolments), Name.CONTACTED, {})
    assert act.is_busy
    assert work._step(act.pk)
    monkeypatch.setattr(work, "_finish", lambda act: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # dies within the last chunk, which then never was
        work.run(act.pk)
    act.refresh_from_db()
    assert (act.position, act.done) == (4, 4)
    monkeypatch.undo()
    monkeypatch.setattr(work, "CHUNK", 2)
    assert work.resume() == 0, "it may still be at work"
    BulkAct.objects.update(heartbeat_at=timezone.now() - work.DEAD_AFTER)
    assert work.resume() == 1
    work.run(act.pk)
    act.refresh_from_db()
    assert (act.state, act.done) == (BulkAct.State.DONE, 5)
    assert Contact.objects.filter(act=act.pk).count() == 5


def test_undone_while_under_way_stops(tutor: User, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "AT_ONCE", 0)
    monkeypatch.setattr(work, "CHUNK", 2)
    enrolments = make(5)
    act = work.begin(ticked(tutor, enrolments), Name.CONTACTED, {})
    work._step(act.pk)
    assert work.undo(act)
    work.run(act.pk)
    act.refresh_from_db()
    assert (act.state, act.undone, act.kept) == (BulkAct.State.UNDONE, 2, [])
    assert states(enrolments) == [State.TODO] * 5


@pytest.mark.django_db(transaction=True)
def test_who_acts_at_the_same_moment_wins_and_the_bulk_tells(tutor: User, other_tutor: User, make: Make) -> None:
    """A second transaction holds one row; the act waits for it, and then finds another version."""
    enrolments = make(2)
    who = ticked(tutor, enrolments)
    done: list[BulkAct] = []

    def begin() -> None:
        done.append(work.begin(who, Name.CONTACTED, {}))
        connection.close()

    thread = threading.Thread(target=begin)
    with transaction.atomic():
        acts.mark_contacted(enrolments[0].follow_up, by=other_tutor, version=0)
        thread.start()
        while not waits_for_a_lock():
            pass
    thread.join()
    assert done[0].skipped == {Reason.CHANGED: [enrolments[0].pk]}
    assert Contact.objects.get(follow_up=enrolments[0].follow_up).author == other_tutor
    assert done[0].done == 1


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_note_form_sent_twice_writes_each_note_once(tutor: User, make: Make) -> None:
    who = ticked(tutor, make(2))
    first, again = (work.begin(who, Name.NOTE, {"text": "Vu."}) for _time in range(2))
    assert (first.pk, first.done, Contact.objects.count()) == (again.pk, 2, 2)
    work.begin(who, Name.NOTE, {"text": "Revu."})
    assert Contact.objects.count() == 4
    assert work.undo(first)
    assert work.begin(who, Name.NOTE, {"text": "Vu."}).pk != first.pk
