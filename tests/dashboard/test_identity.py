"""Two persons made one, one made two, and back: nothing written is lost, and no read undoes a hand's work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from dashboard import identity
from dashboard.enums import Outcome
from dashboard.follow_up import acts, moves
from dashboard.identity import NotUndoable, Overtaken
from dashboard.models import AuditEntry, Contact, ContactDetail, FollowUp, Person, PersonAccount, PersonChange
from dashboard.people import link_new_accounts
from dashboard.relink import join_same_addresses
from moodle_sync.models import Course, Enrolment, Participant
from tests.factories import CourseFactory, EnrolmentFactory, ParticipantFactory, UserFactory

pytestmark = pytest.mark.django_db
Link = PersonAccount.Link


def enrolled(email: str, first: str = "Ada", last: str = "Lévêque", course: Course | None = None) -> Enrolment:
    course = course or CourseFactory()
    account = ParticipantFactory(
        site=course.site, email=email, first_name=first, last_name=last, full_name=f"{first} {last}"
    )
    return EnrolmentFactory(course=course, participant=account)


def person_of(enrolment: Enrolment) -> Person:
    return Person.objects.get(accounts__participant=enrolment.participant_id)


def account_ids(*persons: Person) -> set[int]:
    return set(PersonAccount.objects.filter(person__in=persons).values_list("pk", flat=True))


def typed(person: Person, value: str, by: User) -> ContactDetail:
    return ContactDetail.objects.create(person=person, kind="phone", value=value, search_key=value, added_by=by)


def say_do_not_call(enrolment: Enrolment, by: User) -> Any:
    follow_up = FollowUp.objects.get(enrolment=enrolment)
    return acts.log_call(person_of(enrolment), [(follow_up, follow_up.version)], acts.Call(Outcome.DO_NOT_CALL), by=by)


def world_now() -> dict[str, list[Any]]:
    """All that hangs on persons, except how accounts came to be linked."""
    return {
        "accounts": list(PersonAccount.objects.order_by("pk").values_list("pk", "person")),
        "details": list(ContactDetail.objects.order_by("pk").values_list("pk", "person", "removed_at", "removed_by")),
        "wishes": list(Person.objects.order_by("pk").values_list("pk", "do_not_call")),
        "contacts": list(Contact.objects.order_by("pk").values()),
        "follow_ups": list(FollowUp.objects.order_by("pk").values()),
    }


@pytest.fixture
def claire(db: None) -> User:
    return UserFactory()


@pytest.fixture
def one(db: None) -> Enrolment:
    return enrolled("ada@ac-ouest.example.org")


@pytest.fixture
def other(db: None) -> Enrolment:
    return enrolled("ada.leveque@ac-nord.example.org")


def merge(one: Enrolment, other: Enrolment, by: User) -> PersonChange:
    kept, gone = person_of(one), person_of(other)
    return identity.merge(kept, gone, accounts=account_ids(kept, gone), by=by)


def test_accounts_move_with_their_timelines(one: Enrolment, other: Enrolment, claire: User) -> None:
    for enrolment in (one, other):
        acts.add_note(FollowUp.objects.get(enrolment=enrolment), "Préfère le midi.", by=claire)
    before = list(Contact.objects.order_by("pk").values())
    change = merge(one, other, claire)
    assert person_of(one) == person_of(other) == change.kept
    assert list(Contact.objects.order_by("pk").values()) == before
    told = Contact.objects.filter(follow_up__enrolment__participant__account__person=change.kept)
    assert told.count() == 2
    assert PersonAccount.objects.get(pk=other.participant_id).link == Link.HAND
    assert set(AuditEntry.objects.values_list("user", "action", "person")) == {
        (claire.pk, AuditEntry.Action.MERGED, person.pk) for person in (change.kept, change.other)
    }


def test_details_come_together_each_once(one: Enrolment, other: Enrolment, claire: User) -> None:
    typed(person_of(one), "+33639984127", claire)
    typed(person_of(other), "+33639984127", claire)
    typed(person_of(other), "+33639984100", claire)
    change = merge(one, other, claire)
    current = change.kept.details.filter(removed_at=None)
    assert set(current.values_list("value", flat=True)) == {"+33639984127", "+33639984100"}
    assert change.kept.details.count() == 3, "the double is kept as removed"


@pytest.mark.parametrize("who", [0, 1])
def test_one_wish_not_to_be_called_counts_for_both(one: Enrolment, other: Enrolment, claire: User, who: int) -> None:
    say_do_not_call([one, other][who], claire)
    change = merge(one, other, claire)
    assert Person.objects.get(pk=change.kept_id).do_not_call


def test_undo_of_a_merge_restores_everything(one: Enrolment, other: Enrolment, claire: User) -> None:
    say_do_not_call(other, claire)
    for enrolment in (one, other):
        typed(person_of(enrolment), "+33639984127", claire)
    typed(person_of(other), "+33639984100", claire)
    before = world_now()
    change = merge(one, other, claire)
    assert world_now() != before
    identity.undo(change, by=claire)
    assert world_now() == before
    with pytest.raises(NotUndoable):
        identity.undo(change, by=claire)


def test_undo_of_a_split_restores_everything(one: Enrolment, other: Enrolment, claire: User) -> None:
    person = merge(one, other, claire).kept
    say_do_not_call(one, claire)
    detail = typed(person, "+33639984127", claire)
    before = world_now()
    ids = account_ids(person)
    change = identity.split(person, other.participant_id, accounts=ids, details={detail.pk}, by=claire)
    identity.undo(change, by=claire)
    after = world_now()
    new = (change.other_id, False)
    assert after["wishes"].pop(after["wishes"].index(new)) == new, "the person made by the split stays, empty"
    assert after == before


def test_what_was_typed_on_a_separated_file_comes_back_with_it(one: Enrolment, other: Enrolment, claire: User) -> None:
    person = merge(one, other, claire).kept
    change = identity.split(person, other.participant_id, accounts=account_ids(person), by=claire)
    typed(change.other, "+33639984127", claire)
    identity.undo(change, by=claire)
    assert person.details.filter(removed_at=None).count() == 1


def test_a_split_shares_out_by_account(one: Enrolment, other: Enrolment, claire: User) -> None:
    person = merge(one, other, claire).kept
    say_do_not_call(other, claire)
    goes, stays = typed(person, "+33639984127", claire), typed(person, "+33639984100", claire)
    change = identity.split(person, other.participant_id, accounts=account_ids(person), details={goes.pk}, by=claire)
    assert (person_of(one), person_of(other)) == (person, change.other)
    assert (list(change.other.details.all()), list(person.details.all())) == ([goes], [stays])
    assert Person.objects.get(pk=change.other_id).do_not_call
    assert not Person.objects.get(pk=person.pk).do_not_call, "nobody said it of this account"


def test_a_wish_nobody_can_place_stands_for_both(one: Enrolment, other: Enrolment, claire: User) -> None:
    person = merge(one, other, claire).kept
    Person.objects.filter(pk=person.pk).update(do_not_call=True)
    change = identity.split(person, other.participant_id, accounts=account_ids(person), by=claire)
    assert set(Person.objects.filter(pk__in=[person.pk, change.other_id]).values_list("do_not_call", flat=True)) == {
        True
    }


def test_what_was_said_after_a_merge_is_kept_by_its_undo(one: Enrolment, other: Enrolment, claire: User) -> None:
    change = merge(one, other, claire)
    say_do_not_call(other, claire)
    identity.undo(change, by=claire)
    assert person_of(other).do_not_call
    assert not person_of(one).do_not_call


def test_undo_is_refused_when_an_account_came_since(one: Enrolment, other: Enrolment, claire: User) -> None:
    change = merge(one, other, claire)
    merge(one, enrolled("ada@elsewhere.example.org"), claire)
    before = world_now()
    with pytest.raises(NotUndoable):
        identity.undo(change, by=claire)
    assert world_now() == before


@pytest.mark.parametrize("shown", [set(), {0}, {10**9}])
def test_what_was_not_shown_is_not_joined(one: Enrolment, other: Enrolment, claire: User, shown: set[int]) -> None:
    before = world_now()
    with pytest.raises(Overtaken):
        identity.merge(person_of(one), person_of(other), accounts=shown, by=claire)
    with pytest.raises(Overtaken):
        identity.split(person_of(one), one.participant_id, accounts=shown, by=claire)
    assert world_now() == before


def test_the_last_account_cannot_be_separated(one: Enrolment, claire: User) -> None:
    person = person_of(one)
    with pytest.raises(Overtaken):
        identity.split(person, one.participant_id, accounts=account_ids(person), by=claire)


# By a read


def move_to(enrolment: Enrolment, email: str) -> None:
    Participant.objects.filter(pk=enrolment.participant_id).update(email=email)


def read(enrolment: Enrolment) -> int:
    link_new_accounts(enrolment.course_id)
    return join_same_addresses(enrolment.course_id)


def test_a_changed_address_keeps_person_and_timeline(one: Enrolment, claire: User) -> None:
    person = person_of(one)
    acts.add_note(one.follow_up, "Préfère le midi.", by=claire)
    move_to(one, "ada.martin@ac-ouest.example.org")
    assert read(one) == 0
    assert person_of(one) == person


@pytest.mark.parametrize("written", ["nothing", "mine", "theirs"])
def test_an_address_that_comes_to_match_joins_while_one_of_the_two_is_unwritten(
    one: Enrolment, other: Enrolment, claire: User, written: str
) -> None:
    kept = {"nothing": one, "mine": other, "theirs": one}[written]
    if written != "nothing":
        acts.add_note(FollowUp.objects.get(enrolment=kept), "Préfère le midi.", by=claire)
    person = person_of(kept)
    move_to(other, "ADA@ac-ouest.example.org")
    assert read(other) + read(one) == 1
    assert person_of(one) == person_of(other)
    if written != "nothing":
        assert person_of(one) == person
    assert read(other) + read(one) == 0


def write_note(enrolment: Enrolment, by: User) -> None:
    acts.add_note(FollowUp.objects.get(enrolment=enrolment), "Préfère le midi.", by=by)


def write_detail(enrolment: Enrolment, by: User) -> None:
    typed(person_of(enrolment), "+33639984127", by)


@pytest.mark.parametrize("write", [write_note, write_detail, say_do_not_call])
def test_two_written_histories_are_for_a_hand_to_join(
    one: Enrolment, other: Enrolment, claire: User, write: Callable[[Enrolment, User], None]
) -> None:
    write(one, claire)
    write(other, claire)
    move_to(other, "ada@ac-ouest.example.org")
    assert read(other) + read(one) == 0
    assert person_of(one) != person_of(other)


def test_names_that_clearly_differ_are_never_joined(one: Enrolment) -> None:
    zoe = enrolled("ada@ac-ouest.example.org", "Zoé", "Durand")
    assert read(zoe) == 0
    Participant.objects.filter(pk=zoe.participant_id).update(first_name="Ada", full_name="Ada Durand")
    assert read(zoe) == 1, "a name corrected later counts as well"


def test_a_renamed_account_stays_where_it_is(one: Enrolment) -> None:
    same = enrolled("ada@ac-ouest.example.org")
    assert read(same) == 1
    Participant.objects.filter(pk=same.participant_id).update(
        first_name="Zoé", last_name="Durand", full_name="Zoé Durand"
    )
    assert read(same) == 0
    assert person_of(one) == person_of(same)


@pytest.mark.parametrize("how", ["split", "undo"])
def test_no_read_undoes_a_hand_made_split(one: Enrolment, claire: User, how: str) -> None:
    same = enrolled("ada@ac-ouest.example.org")
    read(same)
    person = person_of(one)
    if how == "split":
        identity.split(person, same.participant_id, accounts=account_ids(person), by=claire)
    else:
        identity.undo(PersonChange.objects.get(), by=claire)
    assert person_of(one) != person_of(same)
    assert read(one) + read(same) == 0
    assert person_of(one) != person_of(same)


# At once


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_at_once_join_once(one: Enrolment, other: Enrolment, claire: User) -> None:
    a, b = person_of(one), person_of(other)
    ids = account_ids(a, b)
    results = at_once(
        lambda: identity.merge(a, b, accounts=ids, by=claire),
        lambda: identity.merge(b, a, accounts=ids, by=claire),
    )
    assert sorted(type(result).__name__ for result in results) == ["Overtaken", "PersonChange"]
    assert person_of(one) == person_of(other)


@pytest.mark.django_db(transaction=True)
def test_a_wish_said_during_a_merge_is_heard(one: Enrolment, other: Enrolment, claire: User) -> None:
    a, b = person_of(one), person_of(other)
    ids = account_ids(a, b)
    results = at_once(
        lambda: identity.merge(a, b, accounts=ids, by=claire),
        lambda: acts.log_call(b, [(other.follow_up, 0)], acts.Call(Outcome.DO_NOT_CALL), by=claire),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    assert person_of(other).do_not_call


@pytest.mark.django_db(transaction=True)
def test_a_wish_taken_back_during_a_merge_is_taken_back(one: Enrolment, other: Enrolment, claire: User) -> None:
    act = say_do_not_call(other, claire)
    a, b = person_of(one), person_of(other)
    ids = account_ids(a, b)
    follow_up = FollowUp.objects.get(enrolment=other)
    at_once(
        lambda: identity.merge(a, b, accounts=ids, by=claire),
        lambda: moves.undo(act, by=claire, among=[follow_up.pk]),
    )
    assert not person_of(other).do_not_call


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    gate = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(rank: int) -> None:
        gate.wait()
        try:
            results[rank] = jobs[rank]()
        except Exception as exc:
            results[rank] = exc
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[rank]) for rank in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
