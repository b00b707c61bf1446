from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone


class WallClockField(forms.DateTimeField):
    """A naive date and time, as a clock on the wall shows it: of which zone, each row says.

    The server's own zone has no say, nor the hours that it leaves out in March and repeats in October.
    """

    def to_python(self, value: object) -> datetime | None:
        with timezone.override(UTC):
            read: datetime | None = super().to_python(value)  # type: ignore[arg-type]
        return read and timezone.make_naive(read, UTC)


class StyledForm(forms.Form):
    """Fields wear the style sheet's classes, so that a template only says where they stand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not field.widget.is_hidden:
                field.widget.attrs["class"] = (
                    "form-select" if isinstance(field.widget, forms.Select) else "form-control"
                )
