"""Rows for tests, obviously generated. Enrolments come with their person and their follow-up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Assignment, Role, User
from dashboard.enums import State
from dashboard.models import FollowUp, Person, PersonAccount
from dashboard.plan.recompute import recompute_some
from moodle_sync.enums import EPOCH
from moodle_sync.models import Connection, Course, Enrolment, Group, Membership, Participant, Site
from moodle_sync.text import search_key, sort_key

PASSWORD = "correct-horse-battery"
FAR_PAST = datetime(2020, 1, 1, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    first_name = factory.Sequence(lambda n: f"Prénom{n}")
    last_name = factory.Sequence(lambda n: f"Nom{n}")
    role = Role.TUTOR

    @factory.post_generation
    def password(self: User, create: bool, extracted: str | None, **kwargs: Any) -> None:
        self.set_password(extracted or PASSWORD)
        self.save(update_fields=["password"])


class SiteFactory(DjangoModelFactory[Site]):
    class Meta:
        model = Site

    name = factory.Sequence(lambda n: f"Plateforme {n}")
    url = factory.Sequence(lambda n: f"https://moodle{n}.example.org")


class ConnectionFactory(DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    site = factory.SubFactory(SiteFactory)
    token = "0123456789abcdef0123456789abcdef"
    moodle_user_id = factory.Sequence(lambda n: 900_000 + n)
    functions = ["core_enrol_get_enrolled_users"]


class CourseFactory(DjangoModelFactory[Course]):
    """Open for ten days, visible, read once an hour ago."""

    class Meta:
        model = Course

    site = factory.SubFactory(SiteFactory)
    connection = factory.SubFactory(ConnectionFactory, site=factory.SelfAttribute("..site"))
    moodle_id = factory.Sequence(lambda n: 100 + n)
    short_name = factory.Sequence(lambda n: f"S{n}")
    full_name = factory.Sequence(lambda n: f"Session {n}")
    start_date = factory.LazyFunction(lambda: timezone.now() - timedelta(days=10))
    visible = True
    visible_since = factory.LazyFunction(lambda: timezone.now() - timedelta(days=10))
    first_synced_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=9))
    synced_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    complete_reads = 2


class GroupFactory(DjangoModelFactory[Group]):
    class Meta:
        model = Group

    course = factory.SubFactory(CourseFactory)
    moodle_id = factory.Sequence(lambda n: 1000 + n)
    name = factory.Sequence(lambda n: f"Groupe {n}")


class ParticipantFactory(DjangoModelFactory[Participant]):
    class Meta:
        model = Participant
        skip_postgeneration_save = True

    site = factory.SubFactory(SiteFactory)
    moodle_id = factory.Sequence(lambda n: 10_000 + n)
    first_name = factory.Sequence(lambda n: f"Camille{n}")
    last_name = factory.Sequence(lambda n: f"Exemple{n}")
    full_name = factory.LazyAttribute(lambda o: f"{o.first_name} {o.last_name}".strip())
    email = factory.Sequence(lambda n: f"camille{n}.exemple@ac-test.example.org")
    search_key = factory.LazyAttribute(
        lambda o: search_key(
            names=[o.full_name], email=o.email, phones=[getattr(o, "phone1", ""), getattr(o, "phone2", "")]
        )
    )
    sort_key = factory.LazyAttribute(
        lambda o: sort_key(first_name=o.first_name, last_name=o.last_name, full_name=o.full_name, email=o.email)
    )

    @factory.post_generation
    def person(self: Participant, create: bool, extracted: Person | None, **kwargs: Any) -> None:
        PersonAccount.objects.create(participant=self, person=extracted or Person.objects.create())


class EnrolmentFactory(DjangoModelFactory[Enrolment]):
    """Never in the course, seen on the platform: `never_course`. Give `groups=[…]`, `follow_up__state=…`."""

    class Meta:
        model = Enrolment
        skip_postgeneration_save = True

    course = factory.SubFactory(CourseFactory)
    participant = factory.SubFactory(ParticipantFactory, site=factory.SelfAttribute("..course.site"))
    roles = ["participant"]
    first_seen_at = FAR_PAST
    last_course_access = EPOCH
    last_site_access = factory.LazyFunction(lambda: timezone.now() - timedelta(days=3))

    @factory.post_generation
    def groups(self: Enrolment, create: bool, extracted: list[Group] | None, **kwargs: Any) -> None:
        for group in extracted or []:
            Membership.objects.create(enrolment=self, group=group)

    @factory.post_generation
    def follow_up(self: Enrolment, create: bool, extracted: Any, **fields: Any) -> None:
        if extracted is False:
            return
        defaults: dict[str, Any] = {
            "state": State.TODO,
            "due_at": timezone.now(),
            "entry_known": self.has_entered,
        }
        follow_up = FollowUp.objects.create(enrolment=self, **(defaults | fields))
        if not {"next_channel", "next_at"} & fields.keys():  # as the plan has it
            recompute_some([follow_up.pk])
            follow_up.refresh_from_db()


class AssignmentFactory(DjangoModelFactory[Assignment]):
    class Meta:
        model = Assignment

    user = factory.SubFactory(UserFactory)
    course = factory.SubFactory(CourseFactory)
