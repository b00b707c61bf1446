from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import IsNull
from django.utils import timezone

from moodle_sync.enums import ACTIVE_RUNS, EPOCH, Access, Standing
from moodle_sync.text import search_words

if TYPE_CHECKING:
    from moodle_sync.models import Course, Enrolment, Participant, SyncRun  # noqa: F401


class CourseQuerySet(models.QuerySet["Course"]):
    def followed(self) -> Self:
        return self.filter(followed=True)


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def search(self, query: str) -> Self:
        """Every word in name, e-mail or phone; accents, case and word order do not matter."""
        found = self
        for word in search_words(query):
            found = found.filter(search_key__contains=word)
        return found


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def present(self) -> Self:
        """Trainees who count: not left, not suspended, not staff."""
        return self.filter(standing=Standing.PRESENT)

    def with_access(self, *, now: datetime | None = None) -> Self:
        """Annotate `access`, one of `Access`. See product.md §3: the first rule that holds decides."""
        return self.annotate(access=access_case(now or timezone.now()))


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def active(self) -> Self:
        return self.filter(state__in=ACTIVE_RUNS)


def last_access() -> Coalesce:
    """To sort by: who never logged in to the platform has never entered the course either, told or not."""
    return Coalesce("last_course_access", Case(When(last_site_access=EPOCH, then=Value(EPOCH))))


def is_open(course: str, now: datetime) -> Q:
    """`Course.is_open` as a condition on rows that lead to their course by the prefix `course`."""
    begun = Q(**{f"{course}start_date": None}) | Q(**{f"{course}start_date__lte": now})
    return begun & ~Q(**{f"{course}visible": False})


def access_case(now: datetime) -> Case:
    return Case(
        When(last_course_access__gt=_awake_since(now), then=Value(Access.ACTIVE)),
        When(last_course_access__gt=EPOCH, then=Value(Access.DORMANT)),
        When(last_site_access=EPOCH, then=Value(Access.NEVER_PLATFORM)),
        When(last_course_access=EPOCH, then=Value(Access.NEVER_COURSE)),
        default=Value(Access.UNKNOWN),
        output_field=models.CharField(),
    )


def of_access(accesses: Iterable[str], now: datetime) -> Q:
    """The same as conditions, each complete in itself: PostgreSQL knows how many rows hold one, not how a CASE ends."""
    entered, never_entered = Q(last_course_access__gt=EPOCH), Q(last_course_access=EPOCH)
    awake, never_logged_in = Q(last_course_access__gt=_awake_since(now)), Q(last_site_access=EPOCH)
    conditions = {
        Access.ACTIVE: awake,
        Access.DORMANT: entered & ~awake,
        Access.NEVER_PLATFORM: never_logged_in & ~entered,
        Access.NEVER_COURSE: never_entered & ~never_logged_in,
        Access.UNKNOWN: Q(IsNull(last_access(), True)),
    }
    return reduce(or_, (conditions[Access(access)] for access in accesses))


def _awake_since(now: datetime) -> Greatest:
    return Greatest(Value(now, output_field=models.DateTimeField()) - F("course__dormant_after"), Value(EPOCH))
