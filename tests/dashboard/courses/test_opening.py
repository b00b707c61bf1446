from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from dashboard.courses.opening import Phase, opening
from tests.factories import CourseFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.mark.parametrize(
    ("fields", "phase", "closed", "late"),
    [
        ({}, Phase.OPEN, False, False),
        ({"visible": None, "visible_since": None, "start_date": None}, Phase.OPEN, False, False),
        ({"start_date": NOW + timedelta(days=3)}, Phase.FUTURE, True, False),
        ({"visible": False}, Phase.HIDDEN, True, True),
        ({"visible": False, "start_date": NOW + timedelta(days=3)}, Phase.HIDDEN, True, False),
        ({"visible": False, "start_date": None}, Phase.HIDDEN, True, False),
        ({"end_date": NOW - timedelta(days=1)}, Phase.ENDED, False, False),
    ],
)
def test_whether_people_may_come_in(fields: dict[str, Any], phase: Phase, closed: bool, late: bool) -> None:
    found = opening(CourseFactory.create(**fields), NOW)
    assert (found.phase, found.closed, found.late) == (phase, closed, late)
    assert found.words


def test_days_are_those_of_the_site() -> None:
    opened = NOW.replace(hour=23, minute=30) - timedelta(days=1)
    with translation.override("en"):
        words = {
            zone: opening(
                CourseFactory.create(site__time_zone=zone, start_date=opened, visible_since=opened),
                NOW.replace(hour=0, minute=30),
            ).words
            for zone in ("UTC", "Pacific/Noumea")
        }
    assert words == {"UTC": "Open for 1 day", "Pacific/Noumea": "Opened today"}
