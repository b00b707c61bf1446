"""A small simulated site with a course of twelve, and Vigie connected to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection as database

from demo.moodle import Course as MoodleCourse
from demo.moodle import MoodleServer, User, World
from demo.moodle.big import service_account
from moodle_sync import kinds, runs, sync
from moodle_sync.models import Connection, Course, Enrolment, Participant, Site, SyncRun
from moodle_sync.sites import NEEDED
from tests.factories import ConnectionFactory, SiteFactory

TOKEN = "FAKESMALLSERVICE0000000000000000"
DAY = 86_400
FIRST = 10
"""Moodle's id of the first of the twelve."""
WRITTEN = [
    "moodle_sync_participant",
    "moodle_sync_enrolment",
    "moodle_sync_group",
    "moodle_sync_membership",
]


def small_world(people: int = 12, *, version: str = "5.1", courses: int = 1) -> World:
    """Ids from FIRST. Even ids have entered the course, every fourth never came to the platform."""
    world = World("small", version)
    world.settings.showuseridentity = ("email", "phone1", "phone2", "institution")
    service_account(world, TOKEN)
    for user_id in range(FIRST, FIRST + people):
        world.add_user(somebody(world, user_id))
    for number in range(2, 2 + courses):
        opened = world.now() - 4 * DAY
        course = world.add_course(MoodleCourse(number, f"S{number}", f"Session {number}", opened, opened + 50 * DAY))
        groups = [world.add_group(course, f"Groupe {letter}") for letter in "AB"]
        for user_id in range(FIRST, FIRST + people):
            enrolment = world.enrol(course, world.users[user_id], "participant", groups=[groups[user_id % 2]])
            if user_id % 2 == 0 and user_id % 4:
                enrolment.lastcourseaccess = world.now() - DAY
    return world


def somebody(world: World, user_id: int) -> User:
    user = User(user_id, f"compte{user_id}", f"Camille{user_id}", "Exemple", f"c{user_id}@ac-test.example.org")
    user.city, user.institution, user.phone1 = "Cognac", "Collège des Tilleuls", f"05 36 49 01 {user_id % 100:02}"
    if user_id % 4:
        user.firstaccess, user.lastaccess = world.now() - 90 * DAY, world.now() - 2 * DAY
    return user


@dataclass
class Moodle:
    """One simulated site and Vigie's side of it."""

    server: MoodleServer
    site: Site
    connection: Connection
    full: bool = True
    """Do reads after a course's first look at every field too, not only at what changes from hour to hour?"""

    @property
    def world(self) -> World:
        return self.server.world

    def follow(self, moodle_id: int = 2) -> Course:
        there = self.world.courses[moodle_id]
        return Course.objects.create(
            site=self.site,
            connection=self.connection,
            moodle_id=moodle_id,
            short_name=there.shortname,
            full_name=there.fullname,
        )

    def read(self, course: Course, **options: Any) -> SyncRun:
        """One whole run, in this process."""
        if self.full:
            kinds.read_everything_next([course])
        run, is_new = runs.create_run(course, **options)
        assert is_new
        assert runs.claim(run) is runs.Claim.GOT
        return sync.perform(run)

    def enrolment(self, moodle_id: int, course: int = 2) -> Enrolment:
        return Enrolment.objects.select_related("participant").get(
            course__site=self.site, course__moodle_id=course, participant__moodle_id=moodle_id
        )

    def participant(self, moodle_id: int) -> Participant:
        return Participant.objects.get(site=self.site, moodle_id=moodle_id)

    def groups_of(self, moodle_id: int, course: int = 2) -> set[str]:
        return set(self.enrolment(moodle_id, course).groups.values_list("name", flat=True))


def connect(server: MoodleServer, token: str = TOKEN) -> Moodle:
    site = SiteFactory(url=server.url, version=int(float(server.world.build)))
    user_id = server.world.tokens[token].user_id
    connection = ConnectionFactory(site=site, token=token, moodle_user_id=user_id, functions=sorted(NEEDED))
    return Moodle(server, site, connection)


def rows(*tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row with its place on disk: PostgreSQL moves a row that is written, even with the same content."""
    found = {}
    with database.cursor() as cursor:
        for table in tables or WRITTEN:
            cursor.execute(f"SELECT ctid::text, xmin::text, t.* FROM {table} t ORDER BY id")
            found[table] = cursor.fetchall()
    return found


def content(*tables: str) -> dict[str, list[tuple[Any, ...]]]:
    return {table: [row[2:] for row in found] for table, found in rows(*tables).items()}
