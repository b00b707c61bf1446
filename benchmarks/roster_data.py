"""A large team's database: 10,000 to 1,000,000 enrolments on 4 sites, one tutor in every 300 people."""

import random
import uuid
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate

from django.core.management.color import no_style
from django.db import connection, models
from django.utils import timezone

from accounts.models import Assignment, Role, User
from dashboard.enums import Kind, Outcome, State
from dashboard.models import Contact, ContactDetail, FollowUp, Person, PersonAccount
from demo.moodle.people import People
from demo.moodle.world import User as MoodleUser
from moodle_sync.enums import EPOCH, RunState, Standing
from moodle_sync.models import Course, Enrolment, Group, Membership, Participant, Site, SyncRun
from moodle_sync.staging import keys_of

SITES = 4
GROUP_SIZE = 25
GROUPS_OF_TUTOR = 12
RUNS = 30
STATES = {
    State.TODO: 0.5, State.WAITING: 0.2, State.CONTACTED: 0.13, State.CALLBACK: 0.06, State.BLOCKED: 0.05,
    State.CLOSED_OUT: 0.06,
}  # fmt: skip
"""Of those who never came in; the others are done with."""
SPOKEN_TO = {State.CONTACTED, State.CALLBACK, State.BLOCKED, State.CLOSED_OUT}
Rows = Iterable[tuple[object, ...]]


@dataclass(frozen=True)
class Shape:
    """How many people each course has, by its id less one; every figure divides by GROUP_SIZE."""

    people: list[int]

    @cached_property
    def enrolments(self) -> int:
        return sum(self.people)

    @cached_property
    def accounts(self) -> int:
        """Fewer than enrolments: some people follow two courses of their site."""
        return self.enrolments * 4 // 5

    @property
    def groups(self) -> int:
        return self.enrolments // GROUP_SIZE

    @cached_property
    def groups_until(self) -> list[int]:
        """The last group of each course."""
        return [people // GROUP_SIZE for people in accumulate(self.people)]


SMALL = Shape([250] * 40)
LARGE = Shape([250] * 400)
HUGE = Shape([250] * 2_809 + [225] * 1_190 + [30_000])


@dataclass
class Team:
    """Who is measured, and what they may choose from."""

    tutor: User
    coordinator: User
    groups: list[int]
    """Of the tutor."""
    courses: list[int]
    all_groups: int
    full_names: list[str]
    names: list[str]
    phones: list[str]


def build(shape: Shape = LARGE) -> Team:
    rng, now = random.Random("roster"), timezone.now()
    tutors = _users(shape.groups // GROUPS_OF_TUTOR)
    coordinator = User.objects.create(email="paul@example.org", role=Role.COORDINATOR, sees_all=True)
    _sites_and_courses(shape, now)
    with _bulk_loading():
        some = _accounts(shape, rng, now)
        _enrolments(shape, rng, now)
        _follow_ups(rng, now, tutors)
        _details(shape, rng, now, coordinator)
    _assignments(tutors)
    _finish()
    return Team(
        tutor=tutors[0],
        coordinator=coordinator,
        groups=list(range(1, GROUPS_OF_TUTOR + 1)),
        courses=list(range(1, len(shape.people) + 1)),
        all_groups=shape.groups,
        full_names=[f"{one.firstname} {one.lastname}" for one in some if one.lastname],
        names=[one.lastname or one.email for one in some],
        phones=[one.phone2 for one in some if one.phone2],
    )


@contextmanager
def _bulk_loading() -> Iterator[None]:
    """Indexes are built at the end, at once, and references not looked up row by row: a million rows in minutes."""
    tables = [model._meta.db_table for model in (Participant, Person, PersonAccount, Enrolment, FollowUp, Contact)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = ANY (%s::regclass[]) AND NOT indisunique",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")
        for _name, definition in indexes:
            cursor.execute(definition)


def _copy(model: type[models.Model], columns: str, rows: Rows) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _users(count: int) -> list[User]:
    return User.objects.bulk_create(
        User(email=f"tutor{n}@example.org", first_name="Camille", last_name=f"Exemple {n}") for n in range(count)
    )


def _sites_and_courses(shape: Shape, now: datetime) -> None:
    Site.objects.bulk_create(Site(name=f"Site {n}", url=f"https://site{n}.example.org") for n in range(1, SITES + 1))
    first_site = Site.objects.order_by("pk").values_list("pk", flat=True)[0]
    opened = now - timedelta(days=20)
    courses = Course.objects.bulk_create(
        Course(
            pk=pk, site_id=first_site + pk % SITES, moodle_id=pk, short_name=f"C{pk}",
            full_name=f"Parcours {pk:03} de l’académie", start_date=opened, visible=True, visible_since=opened,
            first_synced_at=opened, synced_at=now, complete_reads=RUNS, people_read=people,
        )
        for pk, people in enumerate(shape.people, start=1)
    )  # fmt: skip
    Group.objects.bulk_create(
        Group(pk=pk, course_id=1 + bisect_left(shape.groups_until, pk), moodle_id=pk, name=f"Groupe {pk}")
        for pk in range(1, shape.groups + 1)
    )
    SyncRun.objects.bulk_create(
        SyncRun(course=course, state=RunState.OK, finished_at=now) for course in courses for _ in range(RUNS)
    )


def _accounts(shape: Shape, rng: random.Random, now: datetime) -> list[MoodleUser]:
    """Some of them, to be searched for."""
    people = People("roster", "ac-roster.example.org")
    first_site = Site.objects.order_by("pk").values_list("pk", flat=True)[0]
    users = [people.plain(pk) for pk in range(1, shape.accounts + 1)]
    columns = (
        "id, site_id, moodle_id, first_name, last_name, full_name, email, city, country, phone1, phone2,"
        " institution, suspended, search_key, sort_key"
    )
    _copy(Participant, columns, (
        (
            u.id, first_site + u.id % SITES, u.id, u.firstname, u.lastname,
            (full := f"{u.firstname} {u.lastname}".strip()), u.email, u.city, u.country, u.phone1, u.phone2,
            u.institution, False, *keys_of(full, u.firstname, u.lastname, u.email, u.phone1, u.phone2, u.institution),
        )
        for u in users
    ))  # fmt: skip
    _copy(Person, "id, do_not_call, created_at", ((u.id, rng.random() < 0.01, now) for u in users))
    _copy(PersonAccount, "participant_id, person_id, link", ((u.id, u.id, PersonAccount.Link.ALONE) for u in users))
    return rng.sample(users, 500)


def _enrolments(shape: Shape, rng: random.Random, now: datetime) -> None:
    columns = (
        "id, participant_id, course_id, roles, suspended, last_course_access, last_site_access, standing,"
        " first_seen_at, missed_reads"
    )
    _copy(Enrolment, columns, _enrolment_rows(shape, rng, now))
    members = ((pk, 1 + (pk - 1) // GROUP_SIZE) for pk in range(1, shape.enrolments + 1))
    _copy(Membership, "enrolment_id, group_id", members)


def _enrolment_rows(shape: Shape, rng: random.Random, now: datetime) -> Iterator[tuple[object, ...]]:
    standings, seen, taken = list(Standing), now - timedelta(days=20), [0] * SITES
    places = (course for course, people in enumerate(shape.people, start=1) for _ in range(people))
    for pk, course in enumerate(places, start=1):
        # The accounts of the course's site are every SITES-th one; each of its courses takes the next of them.
        among = taken[course % SITES] % (shape.accounts // SITES)
        taken[course % SITES] += 1
        account = among * SITES + (course % SITES or SITES)
        [standing] = rng.choices(standings, [0.96, 0.02, 0.01, 0.01])
        site_access = EPOCH if rng.random() < 0.12 else now - timedelta(minutes=rng.randrange(40 * 1440))
        came_in = site_access > EPOCH and rng.random() < 0.7
        course_access = site_access if came_in else EPOCH if rng.random() < 0.97 else None
        yield pk, account, course, ["student"], False, course_access, site_access, standing, seen, 0


def _follow_ups(rng: random.Random, now: datetime, tutors: list[User]) -> None:
    trainees = Enrolment.objects.exclude(standing=Standing.STAFF).order_by("pk")
    contacts: list[tuple[object, ...]] = []
    columns = (
        "id, enrolment_id, state, due_at, cause, closed_for, assignee_id, entry_known, last_contact_at,"
        " last_contact_id, version, created_at"
    )
    # Read whole: one connection cannot read and copy at once.
    known = list(trainees.values_list("pk", "last_course_access"))
    _copy(FollowUp, columns, _follow_up_rows(known, rng, now, tutors, contacts))
    columns = "follow_up_id, act, author_id, kind, outcome, cause, note, created_at, from_state, to_state, to_due_at"
    _copy(Contact, f"id, {columns}, before, version, closed_for", contacts)


def _follow_up_rows(
    trainees: list[tuple[int, datetime | None]],
    rng: random.Random,
    now: datetime,
    tutors: list[User],
    contacts: list[tuple[object, ...]],
) -> Iterator[tuple[object, ...]]:
    """One per trainee; the contacts that they tell of are added to `contacts`."""
    for pk, course_access in trainees:
        came_in = course_access is not None and course_access > EPOCH
        [state] = [State.CLOSED_IN] if came_in else rng.choices(list(STATES), list(STATES.values()))
        tutor = tutors[min((pk - 1) // GROUP_SIZE // GROUPS_OF_TUTOR, len(tutors) - 1)]
        spoken_to = state in SPOKEN_TO or rng.random() < 0.2
        due = now + timedelta(days=rng.randrange(-6, 8)) if state in SPOKEN_TO | {State.TODO} else None
        if state == State.CLOSED_OUT:
            due = None
        closed_for = "declined" if state == State.CLOSED_OUT else ""
        last_at = now - timedelta(hours=rng.randrange(240)) if spoken_to else None
        contact = None
        if spoken_to:
            contact, act = len(contacts) + 1, uuid.UUID(int=rng.getrandbits(128))
            contacts.append((
                contact, pk, act, tutor.pk, Kind.CALL, Outcome.VOICEMAIL, "", "Le soir.", last_at,
                State.TODO, state, due, "{}", 1, "",
            ))  # fmt: skip
        assignee = tutor.pk if spoken_to else None
        yield pk, pk, state, due, "", closed_for, assignee, came_in, last_at, contact, 1, now


def _details(shape: Shape, rng: random.Random, now: datetime, author: User) -> None:
    rows = []
    for person in range(1, shape.accounts + 1, 50):
        number = f"063998{rng.randrange(10_000):04}"
        rows.append((person, ContactDetail.Kind.PHONE, number, "", number, author.pk, now))
    _copy(ContactDetail, "person_id, kind, value, label, search_key, added_by_id, added_at", rows)


def _assignments(tutors: list[User]) -> None:
    courses = dict(Group.objects.values_list("pk", "course_id"))
    Assignment.objects.bulk_create(
        Assignment(user=tutors[(pk - 1) // GROUPS_OF_TUTOR], course_id=courses[pk], group_id=pk)
        for pk in range(1, len(tutors) * GROUPS_OF_TUTOR + 1)
    )


def _finish() -> None:
    written = [Course, Group, Participant, Person, Enrolment, FollowUp, Contact]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), written):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")
