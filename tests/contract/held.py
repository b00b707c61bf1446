"""The people, courses and groups the recordings hold, put together from all of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from .recordings import (
    COURSE_A,
    COURSE_B,
    COURSE_C,
    HIDDEN_COURSE,
    PARTICIPANT,
    SERVICE,
    TEACHER,
    TUTOR,
    body,
)

Row = dict[str, Any]
E = "enrolled_users/"
# Who sees what in which course; the first recording that has a field decides.
SOURCES: dict[tuple[str, int], tuple[str, ...]] = {
    (SERVICE, COURSE_A): (
        f"{E}A_service_first60_full",
        f"{E}A_service_userfields",
        f"{E}A_service_page2_userfields",
        f"{E}A_group3",
    ),
    (SERVICE, COURSE_B): (f"{E}B_service_full",),
    (SERVICE, COURSE_C): (f"{E}C_empty",),
    (SERVICE, HIDDEN_COURSE): (f"{E}H_hidden_course_service",),
    (TUTOR, COURSE_A): (f"{E}A_tutor_full",),
    (TUTOR, COURSE_B): (f"{E}B_tutor_separate_groups",),
    (TEACHER, COURSE_B): (f"{E}B_formateur_full",),
    (PARTICIPANT, COURSE_A): (f"{E}A_participant",),
    (PARTICIPANT, COURSE_B): (f"{E}B_participant",),
}


@cache
def people(version: str, token: str, course: int) -> tuple[Row, ...]:
    """Rows in order of id. Of the 150 people of course A, those recorded with all fields Vigie asks for."""
    rows: dict[int, Row] = {}
    for name in SOURCES[token, course]:
        for row in body(version, name):
            rows[row["id"]] = {**row, **rows.get(row["id"], {})}
    if (token, course) == (SERVICE, COURSE_A):
        # Two groups of people the service's pages do not reach; one of these rows is the tutor's own.
        for row in body(version, f"{E}A_tutor_separate_groups"):
            rows.setdefault(row["id"], row)
    return tuple(rows[user_id] for user_id in sorted(rows))


@cache
def suspended(version: str, course: int) -> frozenset[int]:
    rows = body(version, f"{E}A_onlysuspended") if course == COURSE_A else []
    return frozenset(row["id"] for row in rows)


@cache
def courses_by_id(version: str) -> dict[int, Row]:
    rows = body(version, "courses_by_field_ids")["courses"]
    return {row["id"]: row for row in rows}


@cache
def groups(version: str, course: int) -> list[Row]:
    recording = {
        COURSE_A: "course_groups_service",
        COURSE_B: "errors/get_method_success",
        COURSE_C: "course_groups_empty",
    }[course]
    rows: list[Row] = body(version, recording)
    return rows
