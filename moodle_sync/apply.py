"""From staged rows to participants, enrolments and groups, in one short transaction of set-based statements.

Only rows whose content changed are written. Nobody is deleted, and nobody has left after a single read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import connection

from moodle_sync.adoption import ADOPTIONS, BY_FILE, GATHER
from moodle_sync.models import Course, Group, Participant
from moodle_sync.reading import Reading
from moodle_sync.staging import SOMETIMES_EMPTY, Staging, keys_of

SHRINK_FLOOR = 10
LOCK_CLASS = 0x5669
"""First key of our advisory locks; the second is the site: two courses of one site share participants."""
ACCOUNTS = "unnest(%(account_ids)s::bigint[], %(account_suspended)s::boolean[]) AS a (moodle_id, suspended)"
ARRIVED = (
    "CREATE TEMP TABLE arrived AS"
    " SELECT p.id AS participant_id, s.roles::varchar[] AS roles, s.group_ids, s.is_staff,"
    " to_timestamp(s.last_course_access) AS course_access, to_timestamp(s.last_site_access) AS site_access,"
    " CASE WHEN %(knows_suspended)s THEN s.moodle_id = ANY(%(suspended)s) END AS suspended,"
    " p.suspended AS account_suspended"
    " FROM moodle_sync_stagedperson s"
    " JOIN moodle_sync_participant p ON p.site_id = %(site)s AND p.moodle_id = s.moodle_id"
    " WHERE s.run_id = %(run)s"
)
"""The people of this read as enrolments need them, found once for the statements that follow."""
STANDING = (
    "CASE WHEN a.is_staff THEN 'staff' WHEN {suspended} OR a.account_suspended THEN 'suspended' ELSE 'present' END"
)
SITE_ACCESS = "CASE WHEN a.site_access IS NOT NULL THEN GREATEST(a.site_access, e.last_site_access) END"


class Shrunk(Exception):
    """Suspiciously few people: nothing was changed, an administrator decides."""


@dataclass
class Changes:
    """Counts of people, as a `SyncRun` keeps them."""

    fetched: int = 0
    created: int = 0
    updated: int = 0
    left: int = 0
    first_accesses: int = 0
    touched: set[int] = field(default_factory=set)

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
    accounts: dict[int, bool]
    read_at: datetime
    accept_shrink: bool = False

    def __call__(self) -> Changes:
        """Raises Shrunk."""
        self.changes = Changes()
        self._run("SELECT pg_advisory_xact_lock(%(lock)s, %(site)s)")
        self._drop_duplicates()
        self._guard()
        self._adopt()
        self._participants()
        self._run(GATHER)
        self._accounts()
        self._groups()
        self._run(ARRIVED)
        self._run("ANALYZE arrived (participant_id)")
        self._count_first_accesses()
        self._enrolments()
        self._memberships()
        self._carry_site_access()
        if self.is_complete:
            self._leavers()
        self._run("DROP TABLE arrived")
        self.changes.updated = len(self.changes.touched)
        return self.changes

    @property
    def is_complete(self) -> bool:
        """Did every page agree? Only then does an absence mean anything."""
        return not self.reading.overlapping

    # Statements. Each takes its parameters from `_params`.

    def _drop_duplicates(self) -> None:
        """People move between pages of a live course; the last row read is the newest."""
        doubled = self._run(
            "DELETE FROM moodle_sync_stagedperson a USING moodle_sync_stagedperson b"
            " WHERE a.run_id = %(run)s AND b.run_id = %(run)s AND a.moodle_id = b.moodle_id AND a.id < b.id"
        )
        self.reading.overlapping = self.reading.overlapping or doubled > 0
        [(self.changes.fetched,)] = self._rows("SELECT count(*) FROM moodle_sync_stagedperson WHERE run_id = %(run)s")

    def _guard(self) -> None:
        [(known,)] = self._rows(
            "SELECT count(*) FROM moodle_sync_enrolment"
            " WHERE course_id = %(course)s AND left_at IS NULL AND missed_reads = 0"
        )
        there = self.changes.fetched + len(self.reading.gaps)
        if known >= SHRINK_FLOOR and there * 2 < known and not self.accept_shrink:
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
        changed = self._rows(
            f"UPDATE moodle_sync_participant p SET {', '.join(f'{name} = {new}' for name, new in kept.items())}"
            " FROM moodle_sync_stagedperson s"
            " WHERE s.run_id = %(run)s AND p.site_id = %(site)s AND p.moodle_id = s.moodle_id"
            f" AND ({', '.join(f'p.{name}' for name in kept)}) IS DISTINCT FROM ({', '.join(kept.values())})"
            " RETURNING p.id"
        )
        self._rekey([pk for (pk,) in changed])
        names = ", ".join(kept)
        blank = ", ".join(f"COALESCE(s.{name}, '')" for name in kept)
        self._run(
            f"INSERT INTO moodle_sync_participant (site_id, moodle_id, {names}, search_key, sort_key, suspended)"
            f" SELECT %(site)s, s.moodle_id, {blank}, s.search_key, s.sort_key, a.suspended"
            f" FROM moodle_sync_stagedperson s LEFT JOIN {ACCOUNTS} ON a.moodle_id = s.moodle_id"
            " WHERE s.run_id = %(run)s AND NOT EXISTS ("
            "  SELECT FROM moodle_sync_participant p WHERE p.site_id = %(site)s AND p.moodle_id = s.moodle_id)"
            " ORDER BY s.moodle_id"
        )

    def _rekey(self, ids: Sequence[int]) -> None:
        """Search and sort keys follow what the row now holds, kept values included."""
        self.changes.touched.update(ids)
        rows = list(Participant.objects.filter(pk__in=ids))
        for p in rows:
            p.search_key, p.sort_key = keys_of(
                p.full_name, p.first_name, p.last_name, p.email, p.phone1, p.phone2, p.institution
            )
        Participant.objects.bulk_update(rows, ["search_key", "sort_key"], batch_size=1000)

    def _accounts(self) -> None:
        changed = self._rows(
            "UPDATE moodle_sync_participant p SET suspended = a.suspended"
            f" FROM {ACCOUNTS}"
            " WHERE p.site_id = %(site)s AND p.moodle_id = a.moodle_id AND p.suspended IS DISTINCT FROM a.suspended"
            " RETURNING p.id"
        )
        ids = [pk for (pk,) in changed]
        self.changes.touched.update(ids)
        self._run(
            "UPDATE moodle_sync_enrolment e"
            " SET standing = CASE WHEN p.suspended OR e.suspended THEN 'suspended' ELSE 'present' END"
            " FROM moodle_sync_participant p WHERE p.id = e.participant_id AND p.id = ANY(%(changed)s)"
            " AND e.course_id <> %(course)s AND e.standing IN ('present', 'suspended')",
            changed=ids,
        )

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

    def _count_first_accesses(self) -> None:
        """From «never» to a time. From «unknown» to a time nothing is learnt of when it happened."""
        [(self.changes.first_accesses,)] = self._rows(
            "SELECT count(*) FROM arrived a"
            " JOIN moodle_sync_enrolment e ON e.participant_id = a.participant_id AND e.course_id = %(course)s"
            " WHERE a.course_access > to_timestamp(0) AND NOT a.is_staff AND e.last_course_access = to_timestamp(0)"
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
        }
        changed = self._rows(
            f"UPDATE moodle_sync_enrolment e SET {', '.join(f'{name} = {value}' for name, value in new.items())}"
            " FROM arrived a WHERE e.course_id = %(course)s AND e.participant_id = a.participant_id"
            f" AND ({', '.join(f'e.{name}' for name in new)}) IS DISTINCT FROM ({', '.join(new.values())})"
            " RETURNING e.participant_id"
        )
        self.changes.touched.update(pk for (pk,) in changed)
        first = new | {
            "suspended": "a.suspended",
            "last_site_access": "a.site_access",
            "standing": STANDING.format(suspended="a.suspended"),
        }
        created = self._rows(
            f"INSERT INTO moodle_sync_enrolment (course_id, participant_id, first_seen_at, {', '.join(first)})"
            f" SELECT %(course)s, a.participant_id, %(now)s, {', '.join(first.values())} FROM arrived a"
            " WHERE NOT EXISTS (SELECT FROM moodle_sync_enrolment e"
            "  WHERE e.course_id = %(course)s AND e.participant_id = a.participant_id)"
            " ORDER BY a.participant_id RETURNING participant_id"
        )
        self.changes.created = len(created)
        self._created = {pk for (pk,) in created}
        self.changes.touched -= self._created

    def _memberships(self) -> None:
        """A person without the field is in no group, unless nobody came with it: then groups are unknown."""
        if not (self.staging.groups_seen or self.reading.groups_listed):
            return
        changed = self._rows(
            "DELETE FROM moodle_sync_membership m USING moodle_sync_group g, moodle_sync_enrolment e, arrived a"
            " WHERE e.participant_id = a.participant_id AND e.course_id = %(course)s AND m.enrolment_id = e.id"
            " AND g.id = m.group_id AND (g.moodle_id IS NULL OR NOT g.moodle_id = ANY(COALESCE(a.group_ids, '{}')))"
            " RETURNING e.participant_id"
        )
        groups = dict(Group.objects.filter(course=self.course).exclude(moodle_id=None).values_list("moodle_id", "pk"))
        changed += self._rows(
            "WITH added AS (INSERT INTO moodle_sync_membership (enrolment_id, group_id)"
            " SELECT e.id, g.id FROM (SELECT participant_id, unnest(group_ids) AS moodle_id FROM arrived) AS wanted"
            " JOIN unnest(%(known_groups)s::bigint[], %(group_pks)s::bigint[]) AS g (moodle_id, id)"
            "  ON g.moodle_id = wanted.moodle_id"
            " JOIN moodle_sync_enrolment e ON e.course_id = %(course)s AND e.participant_id = wanted.participant_id"
            " WHERE NOT EXISTS (SELECT FROM moodle_sync_membership m"
            "  WHERE m.enrolment_id = e.id AND m.group_id = g.id) RETURNING enrolment_id)"
            " SELECT e.participant_id FROM added JOIN moodle_sync_enrolment e ON e.id = added.enrolment_id",
            known_groups=list(groups),
            group_pks=list(groups.values()),
        )
        self.changes.touched.update({pk for (pk,) in changed} - self._created)

    def _carry_site_access(self) -> None:
        """The platform's stamp is one for all courses of a person, and only moves forward."""
        self._run(
            "UPDATE moodle_sync_enrolment e SET last_site_access = a.site_access FROM arrived a"
            " WHERE e.participant_id = a.participant_id AND e.course_id <> %(course)s"
            " AND e.last_site_access < a.site_access"
        )

    def _leavers(self) -> None:
        """Absent from two complete reads: left. Whoever may be an unreadable row is not absent."""
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
            " left_at = CASE WHEN e.missed_reads >= 1 THEN %(now)s END,"
            " standing = CASE WHEN e.missed_reads >= 1 AND e.standing <> 'staff' THEN 'left' ELSE e.standing END"
            " WHERE e.course_id = %(course)s AND e.left_at IS NULL"
            " AND NOT EXISTS (SELECT FROM arrived a WHERE a.participant_id = e.participant_id)"
            f"{readable} RETURNING e.left_at IS NOT NULL"
        )
        self.changes.left = sum(left for (left,) in gone)

    @cached_property
    def _params(self) -> dict[str, Any]:
        reading = self.reading
        suspended = reading.suspended
        return {
            "lock": LOCK_CLASS, "run": self.run_id, "course": self.course.pk, "site": self.course.site_id,
            "now": self.read_at, "knows_suspended": suspended is not None,
            "suspended": sorted(suspended or ()),
            "account_ids": list(self.accounts), "account_suspended": list(self.accounts.values()),
            "group_ids": list(reading.groups), "group_names": [name[:255] for name in reading.groups.values()],
        }  # fmt: skip

    def _run(self, sql: str, **more: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._params | more)
            return int(cursor.rowcount)

    def _rows(self, sql: str, **more: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._params | more)
            rows: list[Any] = cursor.fetchall()
            return rows
