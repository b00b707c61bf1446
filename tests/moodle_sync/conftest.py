from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.moodle import running
from tests.moodle_sync.moodle import Moodle, connect, small_world


@pytest.fixture
def moodle(db: None) -> Iterator[Moodle]:
    """One course of twelve, Moodle id 2."""
    with running(small_world()) as server:
        yield connect(server)


@pytest.fixture(params=["full", "refresh"])
def each_kind(request: pytest.FixtureRequest) -> bool:
    """Does every read look at every field? For laws that hold however a course is read."""
    return bool(request.param == "full")


@pytest.fixture
def two_courses(db: None) -> Iterator[Moodle]:
    """The same twelve in two courses, 2 and 3."""
    with running(small_world(courses=2)) as server:
        yield connect(server)
