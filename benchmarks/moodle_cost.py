"""What a refresh of an unchanged course costs Moodle, by the simulator's account, against the naive call."""

import sys

from benchmarks.course import COURSE_ID, read
from demo.moodle import User, World, running
from demo.moodle.big import TOKEN, big_world
from moodle_sync.client import ENROLLED, MoodleClient
from moodle_sync.enums import ReadKind, Service
from moodle_sync.models import Connection, Course, Site

PEOPLE = 20_000
TUTOR_TOKEN = "FAKEBIGTUTOR0000000000000000000"
TUTOR_ID = 5


def measure() -> dict[str, float]:
    world = big_world(PEOPLE)
    tutor = world.add_user(User(TUTOR_ID, "tuteur1", "Tuteur", "Exemple", "tuteur1@ac-big.example.org"))
    world.enrol(world.courses[COURSE_ID], tutor, "tuteur")
    world.add_token(TUTOR_TOKEN, tutor, "moodle_mobile_app")
    with running(world) as server:
        return {
            "moodle_cost_dedicated": _ratio(world, server.url, Service.DEDICATED, TOKEN, 2),
            "moodle_cost_mobile": _ratio(world, server.url, Service.MOBILE, TUTOR_TOKEN, TUTOR_ID),
        }


def _ratio(world: World, url: str, service: Service, token: str, user_id: int) -> float:
    world.account.reset()
    with MoodleClient(url, token) as client:
        everybody = client._call(ENROLLED, {"courseid": COURSE_ID})
    if len(everybody) < PEOPLE:
        raise RuntimeError(f"the naive call gave {len(everybody)} of {PEOPLE} people")
    naive = world.account.ms
    course = _course(world, url, service, token, user_id)
    read(course, token)
    world.account.reset()
    _, run, _ = read(course, token)
    if run.kind != ReadKind.REFRESH or run.created or run.updated:
        raise RuntimeError(f"a {run.kind} with {run.created} new and {run.updated} changed people is no such refresh")
    parts = ", ".join(f"{name} {ms / 1000:.2f}" for name, ms in sorted(world.account.ms_by_function.items()))
    print(f"  {service}: {world.account.ms / 1000:.2f} s of {naive / 1000:.2f} s ({parts})", file=sys.stderr)
    return world.account.ms / naive


def _course(world: World, url: str, service: Service, token: str, user_id: int) -> Course:
    site, _ = Site.objects.get_or_create(url=url, defaults={"name": "Big", "version": int(float(world.build))})
    site.courses.all().delete()
    connection = Connection(site=site, service=service, moodle_user_id=user_id)
    connection.token = token
    connection.save()
    there = world.courses[COURSE_ID]
    names = {"short_name": there.shortname, "full_name": there.fullname}
    return Course.objects.create(site=site, connection=connection, moodle_id=COURSE_ID, **names)
