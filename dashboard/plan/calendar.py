"""On which days a site's people are written to and called."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

ONE_DAY = timedelta(days=1)
LONGEST_WAIT = 31
"""Days; no country rests longer. Beyond, a calendar without any working day would be looked through for ever."""


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """As the `holidays` library knows them; building a year takes it milliseconds, a page asks thousands of times."""
    if not country:
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


@dataclass(frozen=True)
class Calendar:
    """Days are those of the site's time zone. An empty country: no public holidays."""

    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(5))
    country: str = ""
    subdivision: str = ""

    def is_working(self, day: date) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        return day not in public_holidays(self.country, self.subdivision, day.year)

    def working_from(self, day: date) -> date:
        """That day, or the next working one."""
        return next(filter(self.is_working, _days(day, ONE_DAY)), day)

    def working_until(self, day: date) -> date:
        """That day, or the last working one before."""
        return next(filter(self.is_working, _days(day, -ONE_DAY)), day)

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)

    def working(self, moment: datetime) -> datetime:
        """That moment, or the same time of the next working day."""
        local = moment.astimezone(self.zone)
        day = self.working_from(local.date())
        return moment if day == local.date() else datetime.combine(day, local.time(), tzinfo=self.zone)


def _days(start: date, step: timedelta) -> Iterator[date]:
    for n in range(LONGEST_WAIT):
        yield start + n * step
