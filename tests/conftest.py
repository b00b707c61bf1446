"""Personas: Claire and Samir are tutors, Paul coordinates everything, Odile only one site; Ada administers."""

from collections.abc import Iterator

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from accounts.models import Role, Scope, User
from config.celery import app
from moodle_sync.models import Course, Group, Site
from tests.emptying import delete_everything
from tests.factories import AssignmentFactory, CourseFactory, GroupFactory, SiteFactory, UserFactory

# Laws, not speed: a busy machine draws slowly. The same examples each time, so that what fails is what was changed;
# `pytest --hypothesis-profile=explore` looks further.
settings.register_profile("explore", deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same")
TransactionTestCase._fixture_teardown = delete_everything  # type: ignore[attr-defined]


@pytest.fixture
def site(db: None) -> Site:
    return SiteFactory()


@pytest.fixture
def course(site: Site) -> Course:
    return CourseFactory(site=site, full_name="Évaluer par compétences")


@pytest.fixture
def group(course: Course) -> Group:
    return GroupFactory(course=course, name="Groupe B1")


@pytest.fixture
def tutor(group: Group) -> User:
    """Claire follows one group of the course."""
    claire = UserFactory(email="claire@example.org", first_name="Claire", last_name="Dumont")
    AssignmentFactory(user=claire, course=group.course, group=group)
    return claire


@pytest.fixture
def other_tutor(course: Course) -> User:
    """Samir follows another group of the same course."""
    samir = UserFactory(email="samir@example.org", first_name="Samir", last_name="Belkacem")
    AssignmentFactory(user=samir, course=course, group=GroupFactory(course=course, name="Groupe B2"))
    return samir


@pytest.fixture
def coordinator(db: None) -> User:
    return UserFactory(
        email="paul@example.org", first_name="Paul", last_name="Guérin", role=Role.COORDINATOR, sees_all=True
    )


@pytest.fixture
def other_coordinator(db: None) -> User:
    """Odile's scope is another site: she must see nothing of `course`."""
    odile = UserFactory(email="odile@example.org", first_name="Odile", last_name="Nord", role=Role.COORDINATOR)
    Scope.objects.create(user=odile, site=SiteFactory())
    return odile


@pytest.fixture
def administrator(db: None) -> User:
    return UserFactory(email="ada@example.org", first_name="Ada", last_name="Admin", role=Role.ADMINISTRATOR)


@pytest.fixture
def observer(db: None) -> User:
    return UserFactory(email="olga@example.org", first_name="Olga", last_name="Vue", role=Role.OBSERVER, sees_all=True)


@pytest.fixture
def empty_queue() -> Iterator[None]:
    app.loader.import_default_modules()  # a closed application takes no more tasks in
    app.control.purge()
    yield
    app.control.purge()
    app.close()
