"""The site of the recordings, rebuilt in the simulated Moodle, and the states it was recorded in."""

from __future__ import annotations

from collections.abc import Callable

from demo.moodle import Course, User, World
from demo.moodle import roles as cap
from demo.moodle.people import People
from demo.moodle.world import SEPARATE_GROUPS, VISIBLE_GROUPS

from . import recordings as rec

HOUR, DAY = 3_600, 86_400
PASSWORD = "FAKE_PASSWORD"
MEMBERS_OF_B = {3: (), 4: (7,), 5: (8,), 7: (7,), 8: (8,), 9: (7,), 15: (8,), 26: (7,), 36: (8,), 41: (7,)}
MEMBERS_OF_B |= {42: (), 43: (7,)}
POISONED = 41


def contract_world(version: str) -> World:
    world = World("demo", version)
    now = world.now()
    opened = now - 4 * DAY
    world.add_course(Course(2, "2026-SVT-EVAL-S1", "Évaluer les compétences en SVT — session 1", opened, now + DAY))
    world.add_course(Course(3, "2026-MATHS-CYCLE4-S2", "Mathématiques au cycle 4", now - 70 * DAY, now - 10 * DAY))
    name = "Éducation aux médias & à l’information <initiation>"
    world.add_course(Course(4, "2027-EMI-INTRO-S1", name, now + 7 * DAY, now + 60 * DAY))
    world.add_course(Course(7, "2026-HIST-CACHE", "Parcours masqué", opened, 0, visible=False))
    world.courses[rec.COURSE_B].groupmode = SEPARATE_GROUPS
    world.courses[rec.COURSE_A].groupmode = VISIBLE_GROUPS
    _people(world, now)
    _groups_and_enrolments(world, opened)
    _accounts(world)
    return world


def _people(world: World, now: int) -> None:
    people = People("contract", "ac-poitiers.example.org")
    staff = {3: "formateur1", 4: "tuteur1", 5: "tuteur2", 6: "tuteur3", 42: "eleve1"}
    for user_id in range(3, 153):
        user = people.plain(user_id)
        user.firstname = user.firstname or "Prénom"
        user.lastname = user.lastname or "Nom"
        user.username = staff.get(user_id, user.username)
        user.email = f"{user.username}@ac-poitiers.example.org"
        user.suspended = user_id in rec.SUSPENDED_ACCOUNTS
        user.maildisplay = 0 if user_id in (36, 37) else 2
        user.institution, user.city, user.phone1 = "Collège des Tilleuls", "Cognac", "05 36 49 00 12"
        if user_id in rec.NAMELESS:
            user.firstname = user.lastname = user.city = ""
        elif user_id != 12:
            ago = HOUR if user_id < 7 else DAY * (user_id % 20)
            user.firstaccess, user.lastaccess = now - 50 * DAY, now - ago
        world.add_user(user)
    world.users[4].password = PASSWORD
    for user_id in (7, 43, 46):
        world.users[user_id].customfields = (("uai", "UAI", "0860001X"),)
    world.users[9].firstname = "Chloé 🌻"
    world.users[14].firstname, world.users[14].lastname = "Anne & Co", 'L"Hôte; "Zed"'


def _groups_and_enrolments(world: World, opened: int) -> None:
    course_a, course_b = world.courses[rec.COURSE_A], world.courses[rec.COURSE_B]
    groups = [world.add_group(course_a, f"Groupe {n:02}", n) for n in range(1, 7)]
    tutored = {4: groups[0:2], 5: groups[2:4], 6: groups[4:6]}
    for user in world.users.values():
        role = "editingteacher" if user.id == 3 else "tuteur" if user.id in tutored else "participant"
        own = tutored.get(user.id, [] if user.id == 3 else [groups[user.id % 6]])
        enrolment = world.enrol(course_a, user, role, groups=own)
        if user.lastaccess > opened and user.id != 7:
            enrolment.lastcourseaccess = user.lastaccess
        enrolment.suspended = user.id in (56, 57, 58, 59)
        enrolment.timeend = opened if user.id == 66 else 0
        enrolment.timestart = world.now() + DAY if user.id == 67 else 0
    for group_id in (7, 8):
        world.add_group(course_b, f"Groupe {group_id - 6:02}", group_id)
    for user_id, ids in MEMBERS_OF_B.items():
        role = "editingteacher" if user_id == 3 else "teacher" if user_id in (4, 5) else "student"
        world.enrol(course_b, world.users[user_id], role, groups=[course_b.groups[i] for i in ids])
    for user_id, role in ((3, "editingteacher"), (46, "student"), (47, "student")):
        world.enrol(world.courses[rec.HIDDEN_COURSE], world.users[user_id], role)


def _accounts(world: World) -> None:
    def account(user_id: int, username: str, rights: frozenset[str]) -> User:
        user = User(user_id, username, "Service", "Suivi", f"{username}@service.example.org", capabilities=rights)
        user.password = PASSWORD
        return world.add_user(user)

    service = account(20149, "svc-suivi", cap.ALL_RIGHTS)
    world.add_token(rec.SERVICE, service, "suivi")
    world.add_token(rec.LOW_RIGHTS, account(20150, "svc-faible", frozenset({cap.REST_USE})), "suivi")
    suspended = account(20151, "svc-suspendu", cap.ALL_RIGHTS)
    suspended.suspended = True
    world.add_token(rec.SUSPENDED, suspended, "suivi")
    stranger = account(20152, "svc-hors-liste", cap.ALL_RIGHTS)
    world.add_token(rec.NOT_ON_THE_LIST, stranger, "suivi")
    allowed = world.services["suivi"].allowed_users
    assert allowed is not None
    allowed.discard(stranger.id)
    for value, user_id in ((rec.TUTOR, 4), (rec.TEACHER, 3), (rec.PARTICIPANT, 42)):
        world.add_token(value, world.users[user_id], "moodle_mobile_app")


def _without(*rights: str) -> Callable[[World], None]:
    def take(world: World) -> None:
        user = world.users[20149]
        user.capabilities -= frozenset(rights)

    return take


def _fault(kind: str) -> Callable[[World], None]:
    def strike(world: World) -> None:
        world.faults.add(kind)

    return strike


def _hidden_fields(world: World) -> None:
    world.settings.hiddenuserfields = frozenset({"lastaccess", "firstaccess", "city", "country", "email"})


def _hidden_fields_right_taken(world: World) -> None:
    _hidden_fields(world)
    _without(cap.VIEW_HIDDEN_USER_FIELDS)(world)


def _phones(world: World) -> None:
    world.settings.showuseridentity = ("email", "phone1", "phone2", "institution")


def _separate_groups(world: World) -> None:
    world.courses[rec.COURSE_A].groupmode = SEPARATE_GROUPS


def _first_name(text: str) -> Callable[[World], None]:
    def name(world: World) -> None:
        world.users[POISONED].firstname = text

    return name


def _country(world: World) -> None:
    world.users[POISONED].country = "F1"


def _group_name(world: World) -> None:
    world.courses[rec.COURSE_A].groups[6].name = 'Groupe 06 & Amis "<b>"'


def _service_disabled(world: World) -> None:
    world.services["suivi"].enabled = False


def _expired(world: World) -> None:
    world.tokens[rec.LOW_RIGHTS].valid_until = world.now() - DAY


STATES: dict[str, Callable[[World], None]] = {
    "hidden fields": _hidden_fields,
    "hidden fields, right taken": _hidden_fields_right_taken,
    "phones are identity": _phones,
    "no accessallgroups": _without(cap.ACCESS_ALL_GROUPS),
    "no names, no e-mail": _without(cap.VIEW_FULL_NAMES, cap.USER_EMAIL, cap.VIEW_USER_IDENTITY),
    "no viewdetails": _without(cap.VIEW_DETAILS),
    "A in separate groups": _separate_groups,
    "script in a first name": _first_name("<script>alert(1)</script>"),
    "unclosed tag in a first name": _first_name("Anne-<Marie"),
    "lone less-than in a first name": _first_name("a < b"),
    "country that is not letters": _country,
    "markup in a group name": _group_name,
    "no enrolreview": _without(cap.ENROL_REVIEW),
    "no course:view": _without(cap.COURSE_VIEW),
    "no viewhiddencourses": _without(cap.VIEW_HIDDEN_COURSES),
    "no viewparticipants": _without(cap.VIEW_PARTICIPANTS, cap.ENROL_REVIEW),
    "no viewparticipants but enrolreview": _without(cap.VIEW_PARTICIPANTS),
    "no rest:use": _without(cap.REST_USE),
    "service disabled": _service_disabled,
    "maintenance": _fault("sitemaintenance"),
    "command-line maintenance": _fault("cli_maintenance"),
    "database down": _fault("dbconnectionfailed"),
    "upgrade running": _fault("upgraderunning"),
    "rest disabled": _fault("forbidden"),
    "address blocked": _fault("blocked_ip"),
    "expired token": _expired,
}
