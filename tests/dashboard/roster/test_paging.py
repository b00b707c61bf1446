"""However a page is looked for, it is the same page: the plans of many rows and of few, against the bare order."""

import random
from datetime import timedelta
from itertools import product

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Assignment, User
from dashboard.enums import DATED_STATES, State
from dashboard.roster import blocks, counts, listing, paging
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
FILTERS = ["", "access=dormant", "access=unknown&access=dormant", "state=waiting&state=todo", "presence=staff"]


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
            participant__sort_key=rng.choice(["abel", "adèle", "béa", "de sousa", "zoe-anne", "zoé"]),
            participant__city=rng.choice(["", "Évreux", "lyon", "L’Aigle", "Nantes"]),
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


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("strips", [1, 6])
def test_pages_found_by_strips_are_those_of_the_bare_order(
    crowd: None, coordinator: User, course: Course, monkeypatch: pytest.MonkeyPatch, sort: str, strips: int
) -> None:
    monkeypatch.setattr(RosterTable.Meta, "per_page", 7)
    monkeypatch.setattr(listing, "FEW", -1)
    bare = {
        filters: list(Roster.of(coordinator, QueryDict(f"sort={sort}&{filters}")).table.data.data)
        for filters in FILTERS
    }
    monkeypatch.setattr(counts, "MANY", 0)
    monkeypatch.setattr(counts, "LONG", 0)
    monkeypatch.setattr(paging, "FAR", 0)
    monkeypatch.setattr(blocks, "STRIPS", strips)
    Course.objects.filter(pk=course.pk).update(people_read=1)
    for filters, rows in bare.items():
        query = f"sort={sort}&{filters}"
        assert pages(coordinator, query) == [row.pk for row in rows], filters
        assert Roster.of(coordinator, QueryDict(f"{query}&page=2")).known.bounds, "found by strips"


def test_strips_hold_everyone_once(crowd: None, coordinator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the counts say, in the order, and none of them holds everybody where keys differ."""
    monkeypatch.setattr(blocks, "STRIPS", 6)
    for sort in SORTS:
        roster = Roster.of(coordinator, QueryDict(f"sort={sort}"))
        rows = roster.table.data.data.values_list("pk", flat=True)
        cut = counts.cut(roster.uncounted, roster.order)
        assert sorted(cut.merged) == sorted(roster.matrix)
        found = blocks.pieces(roster.order, cut.cells, 0, len(rows), cut.bounds)
        parts = [list(rows.filter(piece.condition)) for piece in found]
        assert [len(part) for part in parts] == [piece.n for piece in found]
        assert [pk for part in parts for pk in part] == list(rows)
        assert max(len(part) for part in parts) < len(rows), sort


def test_what_is_kept_of_strips_names_nobody(
    people: MakePeople, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(2)
    roster = Roster.of(coordinator, QueryDict("sort=teacher"))
    monkeypatch.setattr(blocks, "STRIPS", 2)
    [bounds] = counts.cut(roster.uncounted, roster.order).bounds.values()
    assert bounds
    assert all(len(bound) <= 3 for bound in bounds)


def test_the_ids_of_those_found_are_in_no_cache(
    people: MakePeople, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may be seen is looked up by every request: a scope may have shrunk since."""
    people(3)
    first, second = (Roster.of(coordinator, QueryDict("q=camille&sort=teacher")) for _ in range(2))
    assert first.known.has_ids
    assert len(first.page.object_list) == 3
    assert not second.known.has_ids
    assert list(second.page.object_list) == list(first.page.object_list)


def test_blocks_hold_everyone_once(crowd: None, coordinator: User) -> None:
    """In the order they are said to come in, and as many as the counts say."""
    for sort in SORTS:
        roster = Roster.of(coordinator, QueryDict(f"sort={sort}"))
        rows = roster.table.data.data.values_list("pk", flat=True)
        found = roster.order.blocks
        parts = [list(rows.filter(block.condition)) for block in found]
        assert [pk for part in parts for pk in part] == list(rows)
        assert [len(part) for part in parts] == [
            sum(cell.n for cell in roster.matrix if block.holds(cell)) for block in found
        ]


def test_conditions_of_an_access_say_what_the_annotation_says(crowd: None) -> None:
    rows = Enrolment.objects.with_access(now=NOW)
    told = {row.pk: row.access for row in rows}
    assert set(told.values()) == set(Access)
    for wanted in [*([access] for access in Access), [Access.ACTIVE, Access.UNKNOWN], list(Access)]:
        found = rows.filter(of_access(wanted, NOW)).values_list("pk", flat=True)
        assert sorted(found) == sorted(pk for pk, access in told.items() if access in wanted)


@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_those_found_by_a_search_are_those_of_the_bare_order(
    crowd: None, coordinator: User, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr(RosterTable.Meta, "per_page", 7)
    monkeypatch.setattr(cache, "get", lambda key, default=None: default)  # each page counts anew
    for filters in FILTERS:
        query = f"q=a&sort={sort}&{filters}"
        first = Roster.of(coordinator, QueryDict(query))
        assert first.known.has_ids
        bare = list(first.table.data.data.values_list("pk", flat=True))
        assert bare
        assert pages(coordinator, query) == bare == list(first.paginator.ids), filters


@pytest.mark.parametrize("sort", SORTS)
def test_a_tutors_list_is_that_of_the_bare_order(
    crowd: None, tutor: User, course: Course, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """Read whole and counted here, or by the database: the same people, the same counts."""
    Assignment.objects.create(user=tutor, course=course)
    monkeypatch.setattr(RosterTable.Meta, "per_page", 7)
    for filters in FILTERS:
        query = f"sort={sort}&{filters}"
        monkeypatch.setattr(listing, "FEW", -1)
        counted = Roster.of(tutor, QueryDict(query))
        bare = list(counted.table.data.data.values_list("pk", flat=True))
        assert counted.known.listed is None
        assert bare
        monkeypatch.setattr(listing, "FEW", 1_000)
        listed = Roster.of(tutor, QueryDict(query))
        assert listed.known.listed is not None
        assert listed.counts == counted.counts
        assert pages(tutor, query) == bare, filters
