"""The two sites of `make demo`, and what the code that seeds Vigie must know of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import roles as cap
from .big import service_account
from .clock import Clock
from .life import Life
from .people import LAST_NAMES, People, slug
from .world import SEPARATE_GROUPS, VISIBLE_GROUPS, Course, Enrolment, Group, User, World

DAY, HOUR = 86_400, 3_600
DEPARTMENTS = [
    "Vienne",
    "Charente",
    "Deux-Sèvres",
    "Vendée",
    "Charente-Maritime",
    "Haute-Vienne",
    "Corrèze & Creuse",
    "Dordogne",
]

BOTH = "Premier et second degrés"


@dataclass(frozen=True)
class Tutor:
    """A tutor who also is a Vigie user of the demo: same e-mail address there."""

    firstname: str
    lastname: str
    email: str


MOODLE_PASSWORD = "demo-moodle"
"""Of the demo's tutors on the Moodle that has a login page of its own; on the other one they come through a portal."""
TUTRICE1 = Tutor("Claire", "Dumont", "tutrice1@ac-ouest.example.org")
TUTEUR2 = Tutor("Karim", "Benali", "tuteur2@ac-ouest.example.org")
TUTORS = (TUTRICE1, TUTEUR2)


@dataclass(frozen=True)
class DemoCourse:
    id: int
    shortname: str
    fullname: str
    # Days since it opened at the world's birth; negative: it opens later.
    opened: int
    days: int
    size: int
    groups: int
    visible: bool = True
    groupmode: int = VISIBLE_GROUPS
    tutor_role: str = "tuteur"
    category: str = "Collège et lycée"


@dataclass(frozen=True)
class DemoWorld:
    name: str
    version: str
    sitename: str
    domain: str
    service: str
    token: str
    courses: tuple[DemoCourse, ...]
    identity: tuple[str, ...] = ("email",)
    hidden: frozenset[str] = frozenset()
    own_logins: bool = False

    def build(
        self,
        *,
        born: int,
        speed: float = 1.0,
        journal: Path | None = None,
        clock: Clock | None = None,
        lives: bool = True,
    ) -> World:
        """The site as it was at `born`, plus all that happened since."""
        return Builder(self, born, clock or Clock()).build(speed, journal, lives)


class Builder:
    def __init__(self, plan: DemoWorld, born: int, clock: Clock) -> None:
        self.plan = plan
        self.born = born
        self.world = World(plan.name, plan.version, sitename=plan.sitename, clock=clock)
        self.world.born = born
        self.world.settings.showuseridentity = plan.identity
        self.world.settings.hiddenuserfields = plan.hidden
        formateur = self.world.roles["formateur"]
        formateur.capabilities = cap.TEACHER - {cap.VIEW_HIDDEN_USER_FIELDS}
        self.random = random.Random(f"world:{plan.name}")
        self.people = People(plan.name, plan.domain)
        # The same people on both sites, known by their address.
        self.region = People("region", "region.example.org")
        self.pool: list[User] = []
        self.tutors: dict[str, User] = {}

    def build(self, speed: float, journal: Path | None, lives: bool) -> World:
        self._staff()
        pool = self._people()
        for plan in self.plan.courses:
            self._course(plan, pool)
        world = self.world
        if lives:
            world.life = Life(world, self.people, seed=self.plan.name, speed=speed, journal=journal)
            world.life.start()
        return world

    def _staff(self) -> None:
        world, plan = self.world, self.plan
        for user_id, tutor in enumerate(TUTORS, start=3):
            user = self.people.named(user_id, tutor.firstname, tutor.lastname, tutor.email)
            password = MOODLE_PASSWORD if plan.own_logins else ""
            user = replace(user, suspended=False, maildisplay=2, password=password)
            self.tutors[tutor.email] = world.add_user(user)
        if plan.service == "suivi":
            service_account(world, plan.token)
        else:
            world.add_token(plan.token, self.tutors[TUTRICE1.email], plan.service)
        for number in range(8):
            firstname = ("Hélène", "Joëlle", "Yann", "Fatima", "Étienne", "Maud", "Rémi", "Anaïs")[number]
            lastname = LAST_NAMES[(7 * number + len(plan.name)) % 100]
            address = f"{slug(firstname)}.{slug(lastname)}@tuteurs.example.org"
            user = self.people.named(world.new_user_id(), firstname, lastname, address)
            self.tutors[address] = world.add_user(replace(user, suspended=False))

    def _people(self) -> Iterator[User]:
        """Odd names first, some of whom both sites know, then anybody; one in ten was met before."""
        yield from map(self._met, list(self.people.odd(self.world.new_user_id())))
        for _ in range(30):
            yield self._met(self.region.plain(self.world.new_user_id()))
        while True:
            if self.random.random() < 0.1:
                yield self.random.choice(self.pool)
            yield self._met(self.people.plain(self.world.new_user_id()))

    def _met(self, user: User) -> User:
        self.pool.append(user)
        return self.world.add_user(user)

    def _course(self, plan: DemoCourse, pool: Iterator[User]) -> None:
        opens = self.born - plan.opened * DAY
        # Sessions open at eight in the morning.
        opens -= opens % DAY - 7 * HOUR
        categories = sorted({course.category for course in self.plan.courses})
        course = self.world.add_course(Course(plan.id, plan.shortname, plan.fullname, opens, opens + plan.days * DAY))
        course.category_id, course.category_name = categories.index(plan.category) + 2, plan.category
        course.visible, course.groupmode = plan.visible, plan.groupmode
        groups = [self.world.add_group(course, self._group_name(n)) for n in range(plan.groups)]
        self._enrol_staff(plan, course, groups)
        learner = "participant" if self.plan.version == "5.1" else "student"
        while len(course.enrolments) < plan.size:
            user = next(pool)
            if user.id not in course.enrolments:
                # One person in forty is in no group.
                chosen = [self.random.choice(groups)] if self.random.random() > 0.025 else []
                enrolment = self.world.enrol(course, user, learner, groups=chosen)
                self._past(course, user, enrolment)

    def _group_name(self, number: int) -> str:
        letter = "ABCDEFGH"[number // len(DEPARTMENTS) % 8]
        return f"Groupe {letter}{number % len(DEPARTMENTS) + 1} – {DEPARTMENTS[number % len(DEPARTMENTS)]}"

    def _enrol_staff(self, plan: DemoCourse, course: Course, groups: list[Group]) -> None:
        staff = list(self.tutors.values())
        teacher = staff[2 + plan.id % 8]
        self.world.enrol(course, teacher, "editingteacher")
        tutors = [user for user in staff if user is not teacher]
        # Two groups each, as long as there are groups; the rest wait for a tutor.
        for rank, user in enumerate(tutors):
            own = groups[2 * rank : 2 * rank + 2]
            if own or rank == 0:
                self.world.enrol(course, user, plan.tutor_role, groups=own)
        for user in (*tutors, teacher):
            enrolment = course.enrolments.get(user.id)
            if enrolment is not None and plan.opened > 0:
                enrolment.lastcourseaccess = self._moment(self.born - 2 * DAY, self.born)
                user.lastaccess = max(user.lastaccess, enrolment.lastcourseaccess)
                user.firstaccess = user.firstaccess or self.born - 400 * DAY

    def _moment(self, low: int, high: int) -> int:
        """Some time between the two, preferably between seven in the morning and ten at night."""
        moment = high
        for _ in range(6):
            moment = self.random.randint(min(low, high), high)
            if 6 <= moment // HOUR % 24 < 21:
                break
        return moment

    def _past(self, course: Course, user: User, enrolment: Enrolment) -> None:
        """What this person had done by the world's birth."""
        rng, born = self.random, self.born
        fate = rng.random()
        if fate < 0.02:
            enrolment.suspended = True
        elif fate < 0.03:
            enrolment.timestart, enrolment.timeend = born - 300 * DAY, born - 5 * DAY
        elif fate < 0.04:
            enrolment.timestart = born + 10 * DAY
        if not user.lastaccess and rng.random() < 0.62:
            user.lastaccess = self._moment(born - 90 * DAY, born - DAY)
            user.firstaccess = user.lastaccess - rng.randrange(500) * DAY
        opened = (born - course.startdate) / DAY
        if opened <= 0 or not course.visible or rng.random() > 0.84 * (1 - 0.85**opened):
            return
        last = min(born, course.enddate)
        first = self._moment(course.startdate, last)
        enrolment.lastcourseaccess = self._moment(first, last) if rng.random() < 0.75 else first
        user.lastaccess = max(user.lastaccess, enrolment.lastcourseaccess)
        user.firstaccess = min(user.firstaccess or first, first)


OUEST = DemoWorld(
    name="ouest",
    version="5.1",
    sitename="Moodle Ouest",
    domain="ac-ouest.example.org",
    service="suivi",
    token="FAKEDEMOOUEST0000000000000000000",
    identity=("email", "phone1", "phone2", "institution"),
    own_logins=True,
    courses=(
        DemoCourse(2, "2026-SVT-EVAL", "Évaluer les compétences en SVT — session 1", 4, 45, 320, 12),
        DemoCourse(3, "2026-MATHS-C4", "Mathématiques au cycle 4 : résoudre des problèmes", 11, 45, 340, 12),
        DemoCourse(4, "2026-EMI", "Éducation aux médias & à l’information", 18, 60, 240, 8),
        DemoCourse(5, "2026-LAICITE", "Laïcité et valeurs de la République", 25, 90, 1_200, 40, category=BOTH),
        DemoCourse(6, "2026-INCLUSION", "Scolariser un élève à besoins particuliers", 70, 50, 200, 8, category=BOTH),
        DemoCourse(7, "2026-HIST-CACHE", "Enseigner l’histoire locale (en préparation)", 2, 60, 40, 2, visible=False),
        DemoCourse(8, "2026-NUM-IA", "Intelligence artificielle : premiers pas", -7, 45, 160, 6, category=BOTH),
    ),
)
NORD = DemoWorld(
    name="nord",
    version="4.3",
    sitename="M@tice Nord",
    domain="ac-nord.example.org",
    service="moodle_mobile_app",
    token="FAKEDEMONORD00000000000000000000",
    hidden=frozenset({"lastaccess", "firstaccess"}),
    courses=(
        DemoCourse(2, "NORD-LECTURE", "Lire et comprendre au cycle 3", 6, 60, 90, 4, category="Premier degré"),
        DemoCourse(3, "NORD-ORAL", "L’oral, du CP à la 3e", 13, 60, 140, 6, groupmode=SEPARATE_GROUPS, category=BOTH),
        # This role may not see hidden fields: here nobody's access is known.
        DemoCourse(4, "NORD-CLIMAT", "Climat scolaire : agir en équipe", 20, 60, 60, 3, tutor_role="formateur"),
    ),
)
DEMO_WORLDS = {world.name: world for world in (OUEST, NORD)}
