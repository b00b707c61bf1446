"""What `make demo` shows on the first morning: users, two connected sites, and some days of work already done."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import Role, User
from dashboard.enums import Cause, Outcome, State
from dashboard.follow_up import acts
from dashboard.models import Contact, ContactDetail, FollowUp, Person
from dashboard.scope import visible_enrolments
from demo.moodle.worlds import TUTEUR2, TUTRICE1, DemoWorld
from moodle_sync import runs, sites
from moodle_sync.capability_trial import keep, trial_course
from moodle_sync.enums import GOOD_RUNS, Service
from moodle_sync.models import Course, Site
from moodle_sync.sync import perform
from moodle_sync.text import phone_digits

SITE_NAMES = {"ouest": "Académie Ouest", "nord": "Académie Nord"}
DAYS_OF_WORK = 6


@dataclass(frozen=True)
class DemoUser:
    role: Role
    first_name: str
    last_name: str
    email: str


USERS = [
    DemoUser(Role.TUTOR, TUTRICE1.firstname, TUTRICE1.lastname, TUTRICE1.email),
    DemoUser(Role.TUTOR, TUTEUR2.firstname, TUTEUR2.lastname, TUTEUR2.email),
    DemoUser(Role.COORDINATOR, "Paule", "Guérin", "coordination@vigie.example.org"),
    DemoUser(Role.ADMINISTRATOR, "Ada", "Martin", "administration@vigie.example.org"),
    DemoUser(Role.OBSERVER, "Olga", "Petit", "observation@vigie.example.org"),
]
TALES = [
    (Outcome.WILL_CONNECT, Cause.UNAWARE_STARTED, "Pensait que la session ouvrait en janvier."),
    (Outcome.VOICEMAIL, Cause.UNKNOWN, ""),
    (Outcome.NO_ANSWER, Cause.UNKNOWN, ""),
    (Outcome.CALLBACK, Cause.NO_TIME, "Préfère être rappelé en fin de journée."),
    (Outcome.NEEDS_SUPPORT, Cause.CREDENTIALS, "Mot de passe refusé, demande d’assistance à déposer."),
    (Outcome.THIRD_PARTY, Cause.MAILBOX_UNREAD, "Message laissé au secrétariat du collège."),
    (Outcome.WILL_CONNECT, Cause.WRONG_PORTAL, "Passait par le portail du premier degré."),
    (Outcome.DECLINED, Cause.REASSIGNED, "A changé de poste à la rentrée."),
    (Outcome.WRONG_NUMBER, Cause.UNKNOWN, ""),
]  # fmt: skip


def make_users(password: str) -> list[User]:
    """The users of the demo, with this password; made once, their password set again each time."""
    users = []
    for who in USERS:
        user, _ = User.objects.update_or_create(
            email=who.email,
            defaults={
                "role": who.role,
                "first_name": who.first_name,
                "last_name": who.last_name,
                "sees_all": who.role in {Role.COORDINATOR, Role.OBSERVER},
            },
        )
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        users.append(user)
    return users


def connect(world: DemoWorld, url: str) -> list[Course]:
    """The world's site at its address of today, all its courses followed. Returns those followed just now."""
    name = SITE_NAMES[world.name]
    Site.objects.filter(name=name).exclude(url=url).update(url=url)
    known = set(Course.objects.filter(site__url=url).values_list("moodle_id", flat=True))
    if known >= {course.id for course in world.courses}:
        return []
    service = Service.MOBILE if world.service == "moodle_mobile_app" else Service.DEDICATED
    report = sites.inspect(url, world.token)
    connection, _ = sites.connect(name, url, world.token, service, report)
    keep(connection, report, trial_course(report.courses, set()))
    return sites.follow(connection, [course.id for course in world.courses])


def read(courses: Iterable[Course]) -> None:
    """Read each course once, in this process. Raises RuntimeError where that fails."""
    for course in courses:
        run, _ = runs.create_run(course)
        if runs.claim(run) is not runs.Claim.GOT or perform(run).state not in GOOD_RUNS:
            raise RuntimeError(f"course {course.moodle_id} could not be read: {run.state} {run.error_code}")


def tell_the_past(tutors: Iterable[User], born: datetime) -> None:
    """A few days of calls and contacts, so that no screen is empty."""
    chance = random.Random("vigie")
    for tutor in tutors:
        to_do = visible_enrolments(tutor).filter(follow_up__state=State.TODO, standing="present")
        for enrolment in to_do.select_related("follow_up", "participant__account").order_by("pk"):
            if chance.random() < 0.4:
                when = born - timedelta(days=chance.uniform(0.1, DAYS_OF_WORK))
                _one_contact(enrolment.follow_up, tutor, chance, when)


def _one_contact(follow_up: FollowUp, tutor: User, chance: random.Random, when: datetime) -> None:
    if follow_up.version:  # the same person is followed by both tutors
        return
    if chance.random() < 0.25:
        act = acts.mark_contacted(follow_up, by=tutor, version=0, now=when).act
    else:
        outcome, cause, note = chance.choice(TALES)
        chosen = when + timedelta(days=chance.choice([1, 2, 7, 9])) if outcome == Outcome.CALLBACK else None
        person = follow_up.enrolment.participant.account.person
        _found_number(follow_up, person, tutor, chance, when)
        call = acts.Call(outcome, cause, note, chosen)
        act = acts.log_call(person, [(follow_up, 0)], call, by=tutor, now=when)
    Contact.objects.filter(act=act).update(created_at=when)
    FollowUp.objects.filter(pk=follow_up.pk).update(last_contact_at=when)


def _found_number(follow_up: FollowUp, person: Person, tutor: User, chance: random.Random, when: datetime) -> None:
    """Who was called has a number: Moodle's, or the school's that the tutor looked up (a fictitious range)."""
    participant = follow_up.enrolment.participant
    if not (participant.phone1 or participant.phone2 or person.details.exists()):
        number = f"+335364900{chance.randrange(100):02d}"
        ContactDetail.objects.create(
            person=person,
            kind=ContactDetail.Kind.PHONE,
            value=number,
            label="Établissement",
            search_key=phone_digits(number),
            added_by=tutor,
            added_at=when,
        )


def moment(stamp: int | None) -> datetime:
    return datetime.fromtimestamp(stamp, tz=timezone.get_current_timezone()) if stamp else timezone.now()
