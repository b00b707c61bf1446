"""From staged rows to participants, enrolments and groups, in one short transaction of set-based statements.

Only rows whose content changed are written. Nobody is deleted, and nobody has left after a single read.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.utils import timezone

from moodle_sync import entries
from moodle_sync.adoption import ADOPTIONS, BY_FILE, GATHER
from moodle_sync.arrivals import ARRIVED, MEMBERS, OWN_GROUPS, SITE_ACCESS, STANDING
from moodle_sync.models import Course, Participant
from moodle_sync.reading import Reading
from moodle_sync.staging import SOMETIMES_EMPTY, Staging, keys_of

SHRINK_FLOOR = 10
REKEYED_AT_ONCE = 1_000
LOCK_CLASS = 0x5669
"""First key of our advisory locks; the second is the site: two courses of one site share participants."""


class Shrunk(Exception):
    """Suspiciously few people: nothing was changed, an administrator decides."""


@dataclass
class Changes:
    """Counts of people, as a `SyncRun` keeps them."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    left: int = 0
    returned: int = 0
    first_accesses: int = 0

    @property
    def unchanged(self) -> int:
        return self.fetched - self.created - self.updated


@dataclass
class Apply:
    """One run's rows into one course. Call inside a transaction that holds the course's claim."""

    course: Course
    run_id: int
    staging: Staging
    reading: Reading
    read_at: datetime
    accept_shrink: bool = False

    def __call__(self) -> Changes:
        """Raises Shrunk."""
        self.changes = Changes()
        self._run("SELECT pg_advisory_xact_lock(%(lock)s, %(site)s)")
        self._guard()
        self._run("CREATE TEMP TABLE touched (participant_id bigint)")
        self._run("CREATE TEMP TABLE created (participant_id bigint)")
        self._adopt()
        self._participants()
        self._run(GATHER)
        self._accounts()
        self._groups()
        self._run(ARRIVED)
        self._run("ANALYZE arrived (participant_id)")
        self._keep_first_accesses()
        self._keep_returns()
        self._enrolments()
        self._memberships()
        self._carry_site_access()
        self._run(entries.ABSENT)
        if self.is_complete:
            self._leavers()
        [(self.changes.updated,)] = self._rows(
            "SELECT count(DISTINCT participant_id) FROM touched t"
            " WHERE NOT EXISTS (SELECT FROM created c WHERE c.participant_id = t.participant_id)"
        )
        self._run("DROP TABLE arrived, touched, created")
        return self.changes

    @property
    def is_complete(self) -> bool:
        """Did every page agree? Only then does an absence mean anything."""
        return not self.reading.overlapping

    # Statements. Each takes its parameters from `_params`.

    def _guard(self) -> None:
        [(self.changes.fetched,)] = self._rows("SELECT count(*) FROM moodle_sync_stagedperson WHERE run_id = %(run)s")
        [(known,)] = self._rows(
            "SELECT count(*) FROM moodle_sync_enrolment"
            " WHERE course_id = %(course)s AND left_at IS NULL AND missed_reads = 0"
        )
        there = self.changes.fetched + len(self.reading.gaps)
        self.shrunk = known >= SHRINK_FLOOR and there * 2 < known
        if self.shrunk and not self.accept_shrink:
            raise Shrunk

    def _adopt(self) -> None:
        """Whoever a file brought first is the account of the same e-mail, or for want of one of the same name."""
        [(some,)] = self._rows(BY_FILE)
        for statement in ADOPTIONS if some else ():
            self._run(statement)

    def _participants(self) -> None:
        """Absent is «not allowed to know», and keeps what is known; unless others came with that field."""
        kept = {name: f"COALESCE(s.{name}, p.{name})" for name in ("first_name", "last_name", "email")}
        kept |= {
            name: f"COALESCE(s.{name}, '')" if name in self.staging.seen else f"p.{name}" for name in SOMETIMES_EMPTY
        }
        kept["full_name"] = "s.full_name"
        self._touching(
            f"UPDATE moodle_sync_participant p SET {', '.join(f'{name} = {new}' for name, new in kept.items())}"
            " FROM moodle_sync_stagedperson s"
            " WHERE s.run_id = %(run)s AND s.is_full AND p.site_id = %(site)s AND p.moodle_id = s.moodle_id"
            f" AND ({', '.join(f'p.{name}' for name in kept)}) IS DISTINCT FROM ({', '.join(kept.values())})"
            " RETURNING p.id"
        )
        self._rekey()
        names = ", ".join(kept)
        blank = ", ".join(f"COALESCE(s.{name}, '')" for name in kept)
        self._run(
            f"INSERT INTO moodle_sync_participant (site_id, moodle_id, {names}, search_key, sort_key, suspended)"
            f" SELECT %(site)s, s.moodle_id, {blank}, s.search_key, s.sort_key, a.suspended"
            f" FROM moodle_sync_stagedperson s LEFT JOIN moodle_sync_stagedaccount a"
            "  ON a.run_id = s.run_id AND a.moodle_id = s.moodle_id"
            " WHERE s.run_id = %(run)s AND s.is_full AND NOT EXISTS ("
            "  SELECT FROM moodle_sync_participant p WHERE p.site_id = %(site)s AND p.moodle_id = s.moodle_id)"
            " ORDER BY s.moodle_id"
        )

    def _rekey(self) -> None:
        """Search and sort keys follow what the rows now hold, kept values included."""
        ids = [pk for (pk,) in self._rows("SELECT participant_id FROM touched")]
        for start in range(0, len(ids), REKEYED_AT_ONCE):
            rows = list(Participant.objects.filter(pk__in=ids[start : start + REKEYED_AT_ONCE]))
            for p in rows:
                p.search_key, p.sort_key = keys_of(
                    p.full_name, p.first_name, p.last_name, p.email, p.phone1, p.phone2, p.institution
                )
            Participant.objects.bulk_update(rows, ["search_key", "sort_key"])

    def _accounts(self) -> None:
        self._run(
            "CREATE TEMP TABLE turned AS SELECT p.id AS participant_id, a.suspended"
            " FROM moodle_sync_stagedaccount a"
            " JOIN moodle_sync_participant p ON p.site_id = %(site)s AND p.moodle_id = a.moodle_id"
            " WHERE a.run_id = %(run)s AND p.suspended IS DISTINCT FROM a.suspended"
        )
        self._touching(
            "UPDATE moodle_sync_participant p SET suspended = t.suspended FROM turned t WHERE p.id = t.participant_id"
            " RETURNING p.id"
        )
        self._run(
            "UPDATE moodle_sync_enrolment e"
            " SET standing = CASE WHEN t.suspended OR e.suspended THEN 'suspended' ELSE 'present' END"
            " FROM turned t WHERE t.participant_id = e.participant_id"
            " AND e.course_id <> %(course)s AND e.standing IN ('present', 'suspended')"
        )
        self._run("DROP TABLE turned")

    def _groups(self) -> None:
        given = "unnest(%(group_ids)s::bigint[], %(group_names)s::text[]) AS n (moodle_id, name)"
        self._run(
            f"UPDATE moodle_sync_group g SET name = n.name, gone_at = NULL FROM {given}"
            " WHERE g.course_id = %(course)s AND g.moodle_id = n.moodle_id"
            " AND (g.name, g.gone_at) IS DISTINCT FROM (n.name, NULL::timestamptz)"
        )
        self._run(
            "INSERT INTO moodle_sync_group (course_id, moodle_id, name)"
            f" SELECT %(course)s, n.moodle_id, n.name FROM {given} WHERE NOT EXISTS ("
            "  SELECT FROM moodle_sync_group g WHERE g.course_id = %(course)s AND g.moodle_id = n.moodle_id)"
        )
        if self.reading.groups_listed:
            self._run(
                "UPDATE moodle_sync_group SET gone_at = %(now)s WHERE course_id = %(course)s"
                " AND gone_at IS NULL AND (moodle_id IS NULL OR NOT moodle_id = ANY(%(group_ids)s))"
            )

    def _keep_first_accesses(self) -> None:
        """From «never» to a time. From «unknown» to a time nothing is learnt of when it happened."""
        self.changes.first_accesses = self._run(
            "INSERT INTO moodle_sync_runchange (run_id, enrolment_id, kind)"
            " SELECT %(run)s, e.id, 'entered' FROM arrived a"
            " JOIN moodle_sync_enrolment e ON e.participant_id = a.participant_id AND e.course_id = %(course)s"
            " WHERE a.course_access > to_timestamp(0) AND NOT a.is_staff AND e.last_course_access = to_timestamp(0)"
        )

    def _keep_returns(self) -> None:
        self.changes.returned = self._run(
            "INSERT INTO moodle_sync_runchange (run_id, enrolment_id, kind)"
            " SELECT %(run)s, e.id, 'returned' FROM arrived a"
            " JOIN moodle_sync_enrolment e ON e.participant_id = a.participant_id AND e.course_id = %(course)s"
            " WHERE e.left_at IS NOT NULL"
        )

    def _enrolments(self) -> None:
        new = {
            "roles": "a.roles",
            "suspended": "COALESCE(a.suspended, e.suspended)",
            "last_course_access": "a.course_access",
            "last_site_access": SITE_ACCESS,
            "standing": STANDING.format(suspended="COALESCE(a.suspended, e.suspended)"),
            "missed_reads": "0",
            "left_at": "NULL::timestamptz",
        } | entries.known()
        self._touching(
            f"UPDATE moodle_sync_enrolment e SET {', '.join(f'{name} = {value}' for name, value in new.items())}"
            " FROM arrived a WHERE e.course_id = %(course)s AND e.participant_id = a.participant_id"
            f" AND ({', '.join(f'e.{name}' for name in new)}) IS DISTINCT FROM ({', '.join(new.values())})"
            " RETURNING e.participant_id"
        )
        first = new | {
            "suspended": "a.suspended",
            "last_site_access": "a.site_access",
            "standing": STANDING.format(suspended="a.suspended"),
            **entries.new(),
        }
        self.changes.created = self._touching(
            f"INSERT INTO moodle_sync_enrolment (course_id, participant_id, first_seen_at, {', '.join(first)})"
            f" SELECT %(course)s, a.participant_id, %(now)s, {', '.join(first.values())} FROM arrived a"
            " WHERE NOT EXISTS (SELECT FROM moodle_sync_enrolment e"
            "  WHERE e.course_id = %(course)s AND e.participant_id = a.participant_id)"
            " ORDER BY a.participant_id RETURNING participant_id",
            table="created",
        )

    def _memberships(self) -> None:
        """A person without the field is in no group, unless nobody came with it: then groups are unknown."""
        if not (self.staging.groups_seen or self.reading.groups_listed):
            return
        self._run(f"CREATE TEMP TABLE wanted AS {MEMBERS if self.reading.members_told else OWN_GROUPS}")
        self._touching(
            "DELETE FROM moodle_sync_membership m USING moodle_sync_enrolment e, arrived a"
            " WHERE e.participant_id = a.participant_id AND e.course_id = %(course)s AND m.enrolment_id = e.id"
            " AND NOT EXISTS (SELECT FROM wanted w WHERE w.enrolment_id = m.enrolment_id AND w.group_id = m.group_id)"
            " RETURNING e.participant_id"
        )
        self._run(
            "WITH added AS (INSERT INTO moodle_sync_membership (enrolment_id, group_id)"
            " SELECT w.enrolment_id, w.group_id FROM wanted w WHERE NOT EXISTS (SELECT FROM moodle_sync_membership m"
            "  WHERE m.enrolment_id = w.enrolment_id AND m.group_id = w.group_id) RETURNING enrolment_id)"
            " INSERT INTO touched SELECT w.participant_id FROM added JOIN wanted w USING (enrolment_id)"
        )
        self._run("DROP TABLE wanted")

    def _carry_site_access(self) -> None:
        """The platform's stamp is one for all courses of a person, and only moves forward."""
        self._run(
            "UPDATE moodle_sync_enrolment e SET last_site_access = a.site_access FROM arrived a"
            " WHERE e.participant_id = a.participant_id AND e.course_id <> %(course)s"
            " AND e.last_site_access < a.site_access"
        )

    def _leavers(self) -> None:
        """Absent from two complete reads: left. Whoever may be an unreadable row is not absent.

        A list that was held and then accepted is the second one: the first wrote nothing.
        """
        gaps = " OR ".join(
            f"p.moodle_id > {gap.after_id:d}"
            + (f" AND p.moodle_id < {gap.before_id:d}" if gap.before_id is not None else "")
            for gap in self.reading.gaps
        )
        readable = (
            " AND NOT EXISTS (SELECT FROM moodle_sync_participant p"
            f"  WHERE p.id = e.participant_id AND ({gaps or 'FALSE'}))"
        )
        gone = self._rows(
            "UPDATE moodle_sync_enrolment e SET missed_reads = e.missed_reads + 1,"
            " left_at = CASE WHEN e.missed_reads >= %(missed)s THEN %(now)s END,"
            " standing = CASE WHEN e.missed_reads >= %(missed)s AND e.standing <> 'staff'"
            "  THEN 'left' ELSE e.standing END"
            " WHERE e.course_id = %(course)s AND e.left_at IS NULL"
            " AND NOT EXISTS (SELECT FROM arrived a WHERE a.participant_id = e.participant_id)"
            f"{readable} RETURNING e.left_at IS NOT NULL",
            missed=0 if self.shrunk else 1,
        )
        self.changes.left = sum(left for (left,) in gone)

    @cached_property
    def _params(self) -> dict[str, Any]:
        reading = self.reading
        suspended = reading.suspended
        return {
            "lock": LOCK_CLASS, "run": self.run_id, "course": self.course.pk, "site": self.course.site_id,
            "now": self.read_at, "at_last": timezone.now(),
            "read_before": self.course.synced_at, "complete_before": self.course.complete_at,
            "knows_suspended": suspended is not None,
            "suspended": sorted(suspended or ()), "trainee_roles": self.course.site.trainee_roles,
            "group_ids": list(reading.groups), "group_names": [name[:255] for name in reading.groups.values()],
        }  # fmt: skip

    def _touching(self, sql: str, table: str = "touched") -> int:
        """A statement that returns whom it changed; they are noted without coming here."""
        return self._run(f"WITH changed (id) AS ({sql}) INSERT INTO {table} SELECT id FROM changed")

    def _run(self, sql: str, **more: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._params | more)
            return int(cursor.rowcount)

    def _rows(self, sql: str, **more: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._params | more)
            rows: list[Any] = cursor.fetchall()
            return rows
