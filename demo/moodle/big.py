"""Large, still worlds for benchmarks: nothing happens in them and answers are kept."""

from __future__ import annotations

import random

from . import roles as cap
from .clock import Clock
from .people import People
from .world import Course, User, World

TOKEN = "FAKEBIGSERVICE000000000000000000"
BORN = 1_795_000_000
DAY = 86_400
GROUP_SIZE = 30


def service_account(world: World, token: str, *, user_id: int = 2) -> User:
    """The account of a dedicated service, with every right Vigie asks for."""
    user = User(
        user_id,
        "svc-vigie",
        "Service",
        "Vigie",
        "svc-vigie@service.example.org",
        capabilities=cap.ALL_RIGHTS,
    )
    world.add_user(user)
    world.add_token(token, user, "suivi")
    return user


def big_world(
    participants: int = 5_000, courses: int = 1, *, version: str = "5.1", seed: str = "big", born: int = BORN
) -> World:
    """`participants` people, dealt out evenly to `courses` courses (ids from 2), in groups of 30.

    Token: `big.TOKEN`. The whole answer of a call is kept and sent again at once.
    """
    world = World("big", version, clock=Clock(born), static=True)
    world.settings.showuseridentity = ("email", "phone1", "phone2", "institution")
    service_account(world, TOKEN)
    people, rng = People(seed, "ac-big.example.org"), random.Random(f"big:{seed}")
    user_id = 10
    for index in range(courses):
        start = born - (4 + index % 20) * DAY
        course = world.add_course(
            Course(2 + index, f"BIG-{index + 1}", f"Grand parcours {index + 1}", start, born + 60 * DAY)
        )
        size = participants // courses + (index < participants % courses)
        numbering = 1 + index * (participants // GROUP_SIZE + 1)
        groups = [world.add_group(course, f"Groupe {n + 1}", numbering + n) for n in range(-(-size // GROUP_SIZE))]
        for rank in range(size):
            user = world.add_user(people.plain(user_id))
            enrolment = world.enrol(course, user, "student", groups=[groups[rank // GROUP_SIZE]])
            enrolment.suspended = rng.random() < 0.01
            if rng.random() < 0.7:
                user.lastaccess = born - rng.randrange(4 * DAY)
                user.firstaccess = user.lastaccess - rng.randrange(300 * DAY)
                enrolment.lastcourseaccess = max(start, user.lastaccess) if rng.random() < 0.7 else 0
            user_id += 1
    return world
