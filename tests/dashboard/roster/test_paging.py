"""However a page is looked for, it is the same page: the plans of many rows and of few, against the bare order."""

import random
from datetime import timedelta
from itertools import product

import pytest
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from dashboard.enums import DATED_STATES, State
from dashboard.roster import listing, paging
from dashboard.roster.listing import Roster
from dashboard.roster.tables import RosterTable
from moodle_sync.enums import EPOCH, Access, Standing
from moodle_sync.models import Course, Enrolment
from moodle_sync.querysets import of_access
from tests.dashboard.roster.conftest import MakePeople
from tests.factories import CourseFactory

NOW = timezone.now()
STAMPS = [None, EPOCH, NOW - timedelta(days=90), NOW - timedelta(hours=1)]
SORTS = [f"{sign}{name}" for name, sign in product(RosterTable.base_columns, ("", "-"))]
FILTERS = ["", "access=unknown&access=dormant", "state=waiting&state=todo", "presence=staff"]


@pytest.fixture
def crowd(people: MakePeople, course: Course) -> None:
    """Of every access, in every state, with equal moments, of several courses; some staff, who have no follow-up."""
    rng = random.Random("crowd")
    courses = [course, CourseFactory.create(site=course.site, dormant_after=timedelta(days=100))]
    moments = [NOW - timedelta(days=days) for days in range(3)]
    for _ in range(40):
        state = rng.choice(list(State))
        people(
            course=rng.choice(courses),
            groups=[],
            last_course_access=rng.choice(STAMPS),
            last_site_access=rng.choice(STAMPS),
            follow_up__state=state,
            follow_up__due_at=rng.choice(moments) if state in DATED_STATES else rng.choice([None, NOW]),
            follow_up__closed_for="other" if state == State.CLOSED_OUT else "",
            follow_up__last_contact_at=rng.choice([None, *moments]),
        )
    people(5, standing=Standing.STAFF, follow_up=False)


def pages(user: User, query: str) -> list[int]:
    first = Roster.of(user, QueryDict(query))
    numbers = first.page.paginator.page_range
    return [pk for number in numbers for pk in Roster.of(user, QueryDict(f"{query}&page={number}")).page.object_list]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_are_those_of_the_bare_order(
    crowd: None, coordinator: User, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(RosterTable.Meta, "per_page", 7)
    for filters in FILTERS:
        query = f"sort={sort}&{filters}"
        monkeypatch.setattr(listing, "FEW", -1)
        bare = list(Roster.of(coordinator, QueryDict(query)).table.data.data.values_list("pk", flat=True))
        assert bare
        for few, far in [(1_000, 1_000), (-1, 1_000), (-1, 0)]:
            monkeypatch.setattr(listing, "FEW", few)
            monkeypatch.setattr(paging, "FAR", far)
            assert pages(coordinator, query) == bare, (filters, few, far)


def test_blocks_hold_everyone_once(crowd: None, coordinator: User) -> None:
    """In the order they are said to come in, and as many as the counts say."""
    for sort in SORTS:
        roster = Roster.of(coordinator, QueryDict(f"sort={sort}"))
        rows = roster.table.data.data.values_list("pk", flat=True)
        blocks = roster.table.blocks
        parts = [list(rows.filter(block.condition)) for block in blocks]
        assert not blocks or [pk for part in parts for pk in part] == list(rows)
        assert [len(part) for part in parts] == [
            sum(cell.n for cell in roster.matrix if block.holds(cell)) for block in blocks
        ]


def test_conditions_of_an_access_say_what_the_annotation_says(crowd: None) -> None:
    rows = Enrolment.objects.with_access(now=NOW)
    told = {row.pk: row.access for row in rows}
    assert set(told.values()) == set(Access)
    for wanted in [*([access] for access in Access), [Access.ACTIVE, Access.UNKNOWN], list(Access)]:
        found = rows.filter(of_access(wanted, NOW)).values_list("pk", flat=True)
        assert sorted(found) == sorted(pk for pk, access in told.items() if access in wanted)
