"""A date as a clock on the wall shows it has no zone yet, and so no hour that does not exist."""

from datetime import datetime

import pytest
from django.core.exceptions import ValidationError

from dashboard.shell.forms import WallClockField


@pytest.mark.parametrize("typed", ["2027-03-28T02:30", "2027-10-31T02:30", "2027-06-01T14:00"])
def test_it_is_read_as_typed_whatever_the_servers_zone_does_at_night(typed: str) -> None:
    assert WallClockField().clean(typed) == datetime.fromisoformat(typed)


def test_nonsense_is_refused_and_nothing_is_nothing() -> None:
    assert WallClockField(required=False).clean("") is None
    with pytest.raises(ValidationError):
        WallClockField().clean("hier")
