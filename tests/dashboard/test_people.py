"""Which human is behind which accounts."""

import pytest

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


def test_accounts_that_arrive_together_share_a_person_too(course: Course) -> None:
    accounts = [newcomer(course, "ada@ac-test.example.org", "Ada", name) for name in ("Martin", "Martin-Petit", "")]
    stranger = newcomer(course, "ada@ac-test.example.org", "Zoé", "Durand")
    link_new_accounts(course.pk)
    found = links(*accounts)
    assert len({person for person, _ in found}) == 1
    assert [link for _, link in found] == [Link.ALONE, Link.EMAIL, Link.EMAIL]
    assert links(stranger) == [(max(Person.objects.values_list("pk", flat=True)), Link.ALONE)]
