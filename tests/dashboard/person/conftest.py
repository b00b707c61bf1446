import pytest

from accounts.models import User
from dashboard.models import Person
from moodle_sync.models import Course, Enrolment, Group
from tests.factories import CourseFactory, EnrolmentFactory, ParticipantFactory, UserFactory


@pytest.fixture
def enrolment(group: Group) -> Enrolment:
    """Camille Ferrand, in Claire's group."""
    return EnrolmentFactory(
        course=group.course,
        groups=[group],
        participant__first_name="Camille",
        participant__last_name="Ferrand",
        participant__email="camille.ferrand@ac-test.example.org",
        participant__phone1="0639984127",
    )


@pytest.fixture
def person(enrolment: Enrolment) -> Person:
    return enrolment.participant.account.person


@pytest.fixture
def elsewhere(person: Person) -> Enrolment:
    """The same person in a course that Claire does not follow, on another platform."""
    course: Course = CourseFactory(full_name="Session confidentielle")
    account = ParticipantFactory(site=course.site, person=person, email="secret@example.org", phone1="0639980000")
    return EnrolmentFactory(course=course, participant=account)


@pytest.fixture
def colleague(db: None) -> User:
    return UserFactory(first_name="Samira", last_name="Benali")
