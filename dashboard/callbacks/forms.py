"""Which callbacks, and when instead."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dashboard.models import FollowUp
from dashboard.shell.forms import WallClockField

DAYS = ("1", "3")


class RedateForm(forms.Form):
    """`callback`: the ticks, each `enrolment:version`. The button of a line sends `line` instead: `what` before it."""

    callback = forms.MultipleChoiceField(required=False)
    what = forms.ChoiceField(choices=[(value, value) for value in (*DAYS, "date", "mine", "anyone")])
    date = WallClockField(label=_("New date and time"), required=False)

    def __init__(self, data: QueryDict, *, seen: dict[int, FollowUp]) -> None:
        what, _colon, key = data.get("line", "").partition(":")
        if key:
            data = data.copy()
            data["what"] = what
            data.setlist("callback", [key])
        super().__init__(data)
        self.seen = seen
        self.posted = dict(pair for pair in map(_pair, data.getlist("callback")) if pair)
        """The version that was seen of each enrolment."""
        # Any version may be posted: an old one is then told to be overtaken.
        keys = [(key, key) for key in data.getlist("callback") if self._read(key)]
        self.fields["callback"].choices = keys  # type: ignore[attr-defined]

    @property
    def has_gone(self) -> bool:
        """One of them is no callback any more."""
        return any(enrolment not in self.seen for enrolment in self.posted)

    def _read(self, key: str) -> tuple[FollowUp, int] | None:
        pair = _pair(key)
        follow_up = self.seen.get(pair[0]) if pair else None
        return (follow_up, pair[1]) if pair and follow_up else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.chosen:
            raise ValidationError(_("Tick the callbacks first."))
        if cleaned.get("what") == "date" and "date" not in self.errors:
            self._check_date(cleaned.get("date"))
        return cleaned

    def _check_date(self, date: datetime | None) -> None:
        if date is None:
            self.add_error("date", _("Give the date."))
        elif any(self.new_date(follow_up) <= timezone.now() for follow_up, _version in self.chosen):
            self.add_error("date", _("This date has passed: choose a later one."))

    @property
    def chosen(self) -> list[tuple[FollowUp, int]]:
        read = [self._read(key) for key in dict.fromkeys(self.cleaned_data.get("callback", []))]
        return [pair for pair in read if pair]

    @property
    def new_date(self) -> Callable[[FollowUp], datetime]:
        what = self.cleaned_data["what"]
        return self._at_date if what == "date" else lambda follow_up: later(follow_up, int(what))

    def _at_date(self, follow_up: FollowUp) -> datetime:
        date: datetime = self.cleaned_data["date"]
        return date.replace(tzinfo=follow_up.enrolment.course.site.zone)


def _pair(key: str) -> tuple[int, int] | None:
    parts = key.split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def later(follow_up: FollowUp, days: int) -> datetime:
    """So many days after the agreed day, or after today where that has passed, at the same time of day."""
    zone = follow_up.enrolment.course.site.zone
    assert follow_up.due_at is not None
    agreed, today = follow_up.due_at.astimezone(zone), timezone.now().astimezone(zone)
    day = max(agreed.date(), today.date()) + timedelta(days=days)
    return datetime.combine(day, agreed.time(), tzinfo=zone)
