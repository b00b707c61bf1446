"""The first morning of `make demo`: what happened since yesterday, so that each tutor finds every kind of work."""

import random
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from dashboard.enums import Cause, Kind, Outcome, State
from dashboard.follow_up import acts, system
from dashboard.models import Contact, FollowUp
from dashboard.plan.recompute import recompute
from dashboard.queue.since import last_working_day
from dashboard.scope import visible_enrolments
from moodle_sync.models import Course, Enrolment
from moodle_sync.querysets import EnrolmentQuerySet

FOLLOWED_FOR = timedelta(days=10)
CAME_IN, OF_THEM_CALLED = 6, 4
NEWCOMERS = 3
MINE_OR_ANYONES = 2


def begin_the_day(tutors: Iterable[User], now: datetime) -> None:
    """After the past was told. Follows what the simulated sites say: no access is invented."""
    chance = random.Random("morning")
    courses = Course.objects.followed()
    courses.update(first_synced_at=F("first_synced_at") - FOLLOWED_FOR)
    Enrolment.objects.filter(course__in=courses).update(first_seen_at=F("first_seen_at") - FOLLOWED_FOR)
    for tutor in tutors:
        _some_came_in(tutor, now)
        _callbacks_are_overdue(tutor, chance, now)
        _some_are_new(tutor, chance, now)
    for course in courses.select_related("site"):
        recompute(course, now)


def _people(tutor: User) -> EnrolmentQuerySet:
    seen = visible_enrolments(tutor).filter(standing="present", follow_up__version=0)
    found: EnrolmentQuerySet = seen.select_related("follow_up", "participant__account__person", "course__site")  # type: ignore[assignment]
    return found


def _some_came_in(tutor: User, now: datetime) -> None:
    """Who was last in the course since then had, it is told, not been there before; most after the tutor's call."""
    since = last_working_day(now)
    entered = _people(tutor).filter(follow_up__state=State.CLOSED_IN, last_course_access__gt=since)
    for rank, enrolment in enumerate(entered.order_by("-last_course_access", "pk")[:CAME_IN]):
        at = enrolment.last_course_access
        assert at is not None  # by the filter
        due = {"state": State.TODO, "due_at": at - timedelta(days=3), "entry_known": False}
        FollowUp.objects.filter(pk=enrolment.follow_up.pk).update(**due)
        enrolment.follow_up.refresh_from_db()
        if rank < OF_THEM_CALLED:
            call = acts.Call(Outcome.WILL_CONNECT, Cause.UNAWARE_STARTED, "Ne savait pas que la session était ouverte.")
            _called(enrolment, tutor, call, when=at - timedelta(days=1 + rank % 2, hours=2))
        window = {"entered_after": at - timedelta(hours=1), "entered_before": at}
        Enrolment.objects.filter(pk=enrolment.pk).update(**window)
        system.close_entered(enrolment.course)


def _callbacks_are_overdue(tutor: User, chance: random.Random, now: datetime) -> None:
    """One of the tutor's own and one that anyone may make, agreed for the last working day."""
    agreed = datetime.combine(timezone.localdate(last_working_day(now)), time(17), timezone.get_current_timezone())
    to_do = _people(tutor).filter(follow_up__state=State.TODO).order_by("pk")
    for rank, enrolment in enumerate(chance.sample(list(to_do), MINE_OR_ANYONES)):
        whose = None if rank else tutor.pk
        call = acts.Call(
            Outcome.CALLBACK, Cause.NO_TIME, "Préfère être rappelé en fin de journée.", agreed, callback_for=whose
        )
        _called(enrolment, tutor, call, when=agreed - timedelta(days=1))


def _some_are_new(tutor: User, chance: random.Random, now: datetime) -> None:
    to_do = _people(tutor).filter(follow_up__state=State.TODO).order_by("pk")
    for enrolment in chance.sample(list(to_do), NEWCOMERS):
        Enrolment.objects.filter(pk=enrolment.pk).update(first_seen_at=now - timedelta(days=chance.uniform(0.5, 3)))
        FollowUp.objects.filter(pk=enrolment.follow_up.pk).update(state=State.WAITING, due_at=None)


def _called(enrolment: Enrolment, tutor: User, call: acts.Call, *, when: datetime) -> None:
    follow_up = enrolment.follow_up
    person = enrolment.participant.account.person
    act = acts.log_call(person, [(follow_up, follow_up.version)], call, by=tutor, now=when)
    Contact.objects.filter(act=act, kind=Kind.CALL).update(created_at=when)
    FollowUp.objects.filter(pk=follow_up.pk).update(last_contact_at=when)
