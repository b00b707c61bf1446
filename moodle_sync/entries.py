"""When a first access happened, as far as reads can tell: SQL of `apply`, for enrolments `e` and arrivals `a`.

Moodle stamps the last access, not the first: that one lies between the last read that said «never» and the stamp.
A read that is missed, late or made twice only widens this window.
"""

NEVER = "to_timestamp(0)"
READ_BEFORE = "%(read_before)s::timestamptz"
COMPLETE_BEFORE = "%(complete_before)s::timestamptz"
BY_NOW = "%(at_last)s::timestamptz"
"""What a read says had happened by its end; by its beginning perhaps not yet."""
KNOWN_OUTSIDE = (
    "CASE WHEN e.entered_before IS NOT NULL THEN NULL"
    f" WHEN e.last_course_access = {NEVER} THEN COALESCE(e.entered_after, {READ_BEFORE})"
    " ELSE e.entered_after END"
)
"""The latest read, before this one, that is certain to have found the person outside the course."""


def _stamped(after: str) -> str:
    """Moodle's stamp; one that our own reads contradict comes from a clock that is wrong."""
    return (
        f"CASE WHEN a.course_access <= {BY_NOW} AND a.course_access > COALESCE({after}, {NEVER})"
        f" THEN a.course_access ELSE {BY_NOW} END"
    )


def known() -> dict[str, str]:
    """New values for an enrolment that is known; a new enrolment of the same person starts over."""
    return {
        "entered_after": (
            f"CASE WHEN a.course_access = {NEVER} THEN NULL"
            f" WHEN e.entered_before IS NOT NULL THEN e.entered_after ELSE {KNOWN_OUTSIDE} END"
        ),
        "entered_before": (
            f"CASE WHEN a.course_access = {NEVER} THEN NULL"
            " WHEN a.course_access IS NULL OR e.entered_before IS NOT NULL THEN e.entered_before"
            f" ELSE {_stamped(KNOWN_OUTSIDE)} END"
        ),
    }


def new() -> dict[str, str]:
    """Who was not there when nobody can have been missed was not inside either."""
    inside = f"a.course_access > {NEVER}"
    return {
        "entered_after": f"CASE WHEN {inside} THEN {COMPLETE_BEFORE} END",
        "entered_before": f"CASE WHEN {inside} THEN {_stamped(COMPLETE_BEFORE)} END",
    }


ABSENT = (
    f"UPDATE moodle_sync_enrolment e SET entered_after = {READ_BEFORE}"
    f" WHERE e.course_id = %(course)s AND e.last_course_access = {NEVER} AND e.entered_after IS NULL"
    " AND NOT EXISTS (SELECT FROM arrived a WHERE a.participant_id = e.participant_id)"
)
"""Who is not in this read was outside at the one before, at least."""
