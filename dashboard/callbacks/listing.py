"""The callbacks a user may keep: overdue first, then today's, then later ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from django.db.models import Q, QuerySet, TextChoices
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.enums import State
from dashboard.handover.standing_in import covered
from dashboard.models import FollowUp
from dashboard.queue.lists import FOLLOWING
from dashboard.scope import stands_in_for, visible_enrolments
from moodle_sync.enums import Standing
from moodle_sync.models import Enrolment

SHOWN = 300


class Whose(TextChoices):
    """Who is to call back. Without a choice: what falls to the user, their own and anyone's."""

    OURS = "", _("Mine and anyone’s")
    MINE = "mine", _("Mine")
    ANYONE = "anyone", _("Anyone’s")
    COLLEAGUES = "colleagues", _("Colleagues’")


class Tab(NamedTuple):
    label: str | Promise
    url: str
    number: int
    current: bool


@dataclass(frozen=True)
class Callback:
    enrolment: Enrolment
    user: User
    now: datetime
    stands_in_for: User | None = None

    @property
    def follow_up(self) -> FollowUp:
        return self.enrolment.follow_up

    @property
    def key(self) -> str:
        """What a tick posts: this callback, as it was seen."""
        return f"{self.enrolment.pk}:{self.follow_up.version}"

    @property
    def name(self) -> str:
        return self.enrolment.participant.full_name

    @property
    def called(self) -> str:
        """For labels of buttons."""
        return self.name or self.enrolment.participant.email or _t("Unknown name")

    @property
    def local(self) -> datetime:
        """The agreed moment, as clocks show it where the course is."""
        assert self.follow_up.due_at is not None  # the database makes sure of it
        return self.follow_up.due_at.astimezone(self.enrolment.course.site.zone)

    @property
    def moment(self) -> str:
        today = self.now.astimezone(self.enrolment.course.site.zone)
        day = _("l j F") if self.local.year == today.year else _("l j F Y")
        return f"{date_format(self.local, str(day))}, {date_format(self.local, 'TIME_FORMAT')}"

    @property
    def section(self) -> str:
        if self.local <= self.now:
            return "overdue"
        return "today" if self.local.date() == self.now.astimezone(self.local.tzinfo).date() else "later"

    @property
    def is_mine(self) -> bool:
        return self.follow_up.callback_for_id == self.user.pk

    @property
    def is_anyones(self) -> bool:
        return self.follow_up.callback_for_id is None

    @property
    def agreed_by(self) -> User | None:
        contact = self.follow_up.last_contact
        return contact.author if contact else None

    @property
    def flag(self) -> str:
        """Why nobody can come in yet: to call back is agreed all the same."""
        course = self.enrolment.course
        if course.visible is False:
            return _t("Hidden")
        if course.has_ended(self.now):
            return _t("Ended")
        return "" if course.is_open(self.now) else _t("Not open yet")

    @property
    def do_not_call(self) -> bool:
        return self.enrolment.participant.account.person.do_not_call


class Section(NamedTuple):
    name: str
    title: str | Promise
    icon: str
    callbacks: list[Callback]


def callbacks_of(user: User) -> QuerySet[FollowUp]:
    """Every callback among the people the user may see, whoever is to make it."""
    people = visible_enrolments(user).filter(standing=Standing.PRESENT, participant__account__isnull=False)
    return FollowUp.objects.filter(enrolment__in=people, state=State.CALLBACK)


def conditions(user: User) -> dict[Whose, Q]:
    """Who stands in for an absent colleague keeps that colleague's appointments; who is gone keeps none."""
    mine = Q(callback_for__in=[user.pk, *stands_in_for(user)])
    gone = Q(callback_for__is_active=False) | ~Q(callback_for__role__in=FOLLOWING)
    anyone = Q(callback_for=None) | gone
    return {
        Whose.OURS: mine | anyone,
        Whose.MINE: mine,
        Whose.ANYONE: anyone,
        Whose.COLLEAGUES: ~(mine | anyone),
    }


def ours(user: User) -> QuerySet[FollowUp]:
    """What the list shows without a choice: the user's own and anyone's."""
    return callbacks_of(user).filter(conditions(user)[Whose.OURS])


@dataclass
class Callbacks:
    user: User
    params: QueryDict

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def whose(self) -> Whose:
        asked = self.params.get("whose", "")
        known = asked in {choice.value for choice in self._choices}
        return Whose(asked) if known else Whose.OURS

    @property
    def _choices(self) -> list[Whose]:
        everyone = [Whose.OURS, Whose.MINE, Whose.ANYONE]
        return [*everyone, Whose.COLLEAGUES] if self.user.is_coordinator else everyone

    @cached_property
    def _conditions(self) -> dict[Whose, Q]:
        return conditions(self.user)

    @property
    def url(self) -> str:
        return _url(self.whose)

    @property
    def tabs(self) -> Iterator[Tab]:
        for choice in self._choices:
            number = callbacks_of(self.user).filter(self._conditions[choice]).count()
            yield Tab(choice.label, _url(choice), number, choice == self.whose)

    @cached_property
    def rows(self) -> list[Callback]:
        chosen = callbacks_of(self.user).filter(self._conditions[self.whose])
        found = list(
            Enrolment.objects.filter(follow_up__in=chosen)
            .with_access(now=self.now)
            .select_related(
                "participant__account__person",
                "course__site",
                "follow_up__callback_for",
                "follow_up__last_contact__author",
            )
            .order_by("follow_up__due_at", "pk")[:SHOWN]
        )
        lent = covered(self.user, [enrolment.pk for enrolment in found])
        return [Callback(enrolment, self.user, self.now, lent.get(enrolment.pk)) for enrolment in found]

    @property
    def sections(self) -> list[Section]:
        titles = [
            ("overdue", _("Overdue"), "alert-triangle"),
            ("today", _("Today"), "calendar-clock"),
            ("later", _("Later"), "calendar"),
        ]
        found = [
            Section(name, title, icon, [row for row in self.rows if row.section == name])
            for name, title, icon in titles
        ]
        return [section for section in found if section.callbacks]

    @property
    def is_cut(self) -> bool:
        return len(self.rows) == SHOWN


def _url(whose: Whose) -> str:
    return reverse("dashboard:callbacks") + (f"?whose={whose.value}" if whose.value else "")
