"""Which human is behind which accounts."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest
from django.db import connection, transaction

from dashboard import people
from dashboard.models import Person, PersonAccount
from dashboard.people import link_new_accounts
from moodle_sync.models import Course, Participant
from tests.factories import CourseFactory, EnrolmentFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
Link = PersonAccount.Link


def newcomer(course: Course, email: str, first: str, last: str) -> Participant:
    """An account that a sync has just brought: it has no person yet."""
    participant = ParticipantFactory(
        site=course.site, email=email, first_name=first, last_name=last, full_name=f"{first} {last}".strip()
    )
    EnrolmentFactory(course=course, participant=participant, follow_up=False)
    PersonAccount.objects.filter(participant=participant).delete()
    Person.objects.filter(accounts=None).delete()
    return participant


def links(*accounts: Participant) -> list[tuple[int, str]]:
    found = {link.participant_id: link for link in PersonAccount.objects.all()}
    return [(found[account.pk].person_id, found[account.pk].link) for account in accounts]


def test_each_new_account_gets_a_person(course: Course) -> None:
    ada = newcomer(course, "ada@ac-test.example.org", "Ada", "Exemple")
    bob = newcomer(course, "", "Bob", "Exemple")
    eve = newcomer(course, "", "Bob", "Exemple")
    assert link_new_accounts(course.pk) == 3
    assert [link for _, link in links(ada, bob, eve)] == [Link.ALONE] * 3
    assert len({person for person, _ in links(ada, bob, eve)}) == Person.objects.count() == 3


def test_twice_equals_once(course: Course) -> None:
    newcomer(course, "ada@ac-test.example.org", "Ada", "Exemple")
    link_new_accounts(course.pk)
    assert link_new_accounts(course.pk) == 0
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("first", "last", "same"),
    [("Ada", "Martin", True), ("", "", True), ("ADA", "LÉVÊQUE", True), ("Bob", "Martin", False)],
)
def test_one_address_is_one_person_unless_the_names_differ(course: Course, first: str, last: str, same: bool) -> None:
    here = newcomer(course, "ada@ac-test.example.org", "Ada", "Lévêque")
    link_new_accounts(course.pk)
    elsewhere = CourseFactory()
    there = newcomer(elsewhere, "ada@ac-test.example.org", first, last)
    link_new_accounts(elsewhere.pk)
    (home, _), (other, link) = links(here, there)
    assert (home == other, link) == (same, Link.EMAIL if same else Link.ALONE)


@pytest.mark.parametrize("typed", ["Ada.Leveque@AC-test.example.org", "ada.leveque@ac-test.example.org"])
def test_capitals_in_an_address_tell_nobody_apart(course: Course, typed: str) -> None:
    here = newcomer(course, "ADA.leveque@ac-test.example.org", "Ada", "Lévêque")
    link_new_accounts(course.pk)
    elsewhere = CourseFactory()
    there = newcomer(elsewhere, typed, "Ada", "Lévêque")
    link_new_accounts(elsewhere.pk)
    (home, _), (other, link) = links(here, there)
    assert (home, Link.EMAIL) == (other, link)


@pytest.mark.django_db(transaction=True)
def test_two_sites_read_at_once_make_one_person(course: Course) -> None:
    here = newcomer(course, "ada@ac-test.example.org", "Ada", "Lévêque")
    elsewhere = CourseFactory()
    there = newcomer(elsewhere, "ada@ac-test.example.org", "Ada", "Lévêque")

    def link_there() -> None:
        with closing(connection):
            link_new_accounts(elsewhere.pk)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            link_new_accounts(course.pk)
            second = pool.submit(link_there)
            until_blocked_or_done(second)
        second.result(10)
    (home, _), (other, link) = links(here, there)
    assert (home, Link.EMAIL) == (other, link)


def until_blocked_or_done(job: Future[None]) -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
            if job.done() or cursor.fetchone() != (0,):
                return
        time.sleep(0.02)
    raise AssertionError("neither blocked nor done")


def test_accounts_that_arrive_together_share_a_person_too(course: Course) -> None:
    accounts = [newcomer(course, "ada@ac-test.example.org", "Ada", name) for name in ("Martin", "Martin-Petit", "")]
    stranger = newcomer(course, "ada@ac-test.example.org", "Zoé", "Durand")
    link_new_accounts(course.pk)
    found = links(*accounts)
    assert len({person for person, _ in found}) == 1
    assert [link for _, link in found] == [Link.ALONE, Link.EMAIL, Link.EMAIL]
    assert links(stranger) == [(max(Person.objects.values_list("pk", flat=True)), Link.ALONE)]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_large_course_is_linked_in_parts_as_it_would_be_at_once(
    course: Course, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(people, "MANY", at_once)
    for name, email in (("Ada", "a@example.org"), ("Bo", ""), ("Ada", "A@example.org"), ("Cy", "a@example.org")):
        person = ParticipantFactory(site=course.site, first_name=name, last_name="", full_name=name, email=email)
        EnrolmentFactory(course=course, participant=person)
    PersonAccount.objects.all().delete()
    assert link_new_accounts(course.pk) == 4
    owners = list(PersonAccount.objects.order_by("participant_id").values_list("person_id", flat=True))
    assert owners[0] == owners[2]
    assert len(set(owners)) == 3
