"""Every read of the courses one oversees: filtered, paged, with what each brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.courses.detail import RunLine
from dashboard.courses.site_filter import SiteFilter
from dashboard.courses.sync import result_words
from dashboard.scope import overseen_courses, visible_enrolments
from moodle_sync.enums import Change, RunState
from moodle_sync.explain import explain
from moodle_sync.history import RunChange
from moodle_sync.models import Enrolment, SyncRun

PEOPLE_SHOWN = 200


class HistoryFilter(SiteFilter):
    state = forms.ChoiceField(
        label=_("Result"),
        required=False,
        choices=[("", _("All results")), *RunState.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def runs(self, user: User) -> QuerySet[SyncRun]:
        self.is_valid()
        found = visible_runs(user)
        if site := self.cleaned_data.get("site"):
            found = found.filter(course__site=site)
        if state := self.cleaned_data.get("state"):
            found = found.filter(state=state)
        return found.select_related("course__site", "requested_by").order_by("-pk")


def visible_runs(user: User) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(course__in=overseen_courses(user))


def lines(runs: Sequence[SyncRun], now: datetime) -> list[RunLine]:
    return [RunLine(run, result_words(run), explain(run), now) for run in runs]


@dataclass(frozen=True)
class Brought:
    """Whom a run brought or lost. `people`: only those whom the user may meet; `count`: of all, for who sees all."""

    kind: Change
    count: int
    people: list[Enrolment]

    @property
    def label(self) -> str:
        return str(self.kind.label)

    @property
    def more(self) -> int:
        return max(0, self.count - len(self.people))


def brought(run: SyncRun, user: User) -> list[Brought]:
    counts = {Change.ENTERED: run.first_accesses, Change.JOINED: run.created, Change.LEFT: run.left}
    if run.returned:
        counts[Change.RETURNED] = run.returned
    return [_brought(run, user, kind, count) for kind, count in counts.items()]


def _brought(run: SyncRun, user: User, kind: Change, count: int) -> Brought:
    if not user.follows_people:
        return Brought(kind, count, [])
    changed = RunChange.objects.filter(run=run, kind=kind).values("enrolment")
    mine = visible_enrolments(user).filter(pk__in=changed).select_related("participant")
    people = list(mine.order_by("participant__sort_key", "pk")[:PEOPLE_SHOWN])
    # What is not entrusted to a tutor is not counted for them either.
    return Brought(kind, mine.count() if user.is_tutor else count, people)
