"""Writing a plan: set-based, all of it or nothing, and nothing twice."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from moodle_sync import runs
from moodle_sync.apply import LOCK_CLASS
from moodle_sync.files.lines import Mapping
from moodle_sync.files.plan import Decision, Plan
from moodle_sync.models import Course, Enrolment, Group, Membership, Participant
from moodle_sync.signals import course_synced
from moodle_sync.staging import keys_of

BATCH = 2000
ACCOUNT_COLUMNS = (
    "first_name", "last_name", "full_name", "email", "phone1", "phone2", "institution", "city", "search_key",
    "sort_key",
)  # fmt: skip
SEPARATOR = "\x1f"
"""Between roles on their way to the database: the driver has no arrays of arrays of different lengths."""


def apply(
    course: Course,
    mapping: Mapping,
    rows: Sequence[tuple[int, list[str]]],
    *,
    moment: datetime,
    alive: Callable[[int], None] = lambda lines: None,
) -> Plan:
    """Plan again on the present rows and write. Holds what a sync of the course and of its site would hold."""
    with transaction.atomic():
        if course._state.adding:
            course.save()
        course = runs.locked(Course.objects.select_related("site"), course.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, course.site_id])
        # Comparing is a quarter of the work; accounts, enrolments, and what the team's side does then, are one each.
        plan = Plan(course, mapping, moment, lambda lines: alive(lines // 4))(rows)
        _Writer(course, plan).write(lambda quarters: alive(len(rows) * quarters // 4))
        _date(course, moment)
        transaction.on_commit(lambda: course_synced.send(Course, course_id=course.pk, run_id=None))
    return plan


def _date(course: Course, moment: datetime) -> None:
    """The data's date. A web service's reads keep their own: a file may tell of a part of the people only."""
    now = timezone.now()
    if course.by_file:
        course.synced_at = max(moment, course.synced_at) if course.synced_at else moment
    course.first_synced_at = course.first_synced_at or now
    if course.visible is not False and course.visible_since is None:
        course.visible_since = min(course.start_date, now) if course.start_date else now
    course.save(update_fields=["synced_at", "first_synced_at", "visible_since"])


class _Writer:
    def __init__(self, course: Course, plan: Plan) -> None:
        self.course = course
        self.decisions = plan.decisions
        self.now = timezone.now()

    def write(self, done: Callable[[int], None]) -> None:
        accounts = self._accounts()
        done(2)
        enrolments = self._enrolments(accounts)
        done(3)
        self._memberships(enrolments)
        self._carry_site_access(accounts)

    def _accounts(self) -> list[int]:
        """The account of each decision, new ones made."""
        new = [decision for decision in self.decisions if decision.known is None]
        made = Participant.objects.bulk_create(
            (Participant(site_id=self.course.site_id, **_with_keys(decision.account)) for decision in new),
            batch_size=BATCH,
        )
        keys = iter(made)
        changed = [d for d in self.decisions if d.known and any(d.account[n] != getattr(d.known, n) for n in d.account)]
        rows = [(d.known.pk, *map(_with_keys(d.account).get, ACCOUNT_COLUMNS)) for d in changed if d.known]
        _update("moodle_sync_participant", dict.fromkeys(ACCOUNT_COLUMNS, "text"), rows)
        return [decision.known.pk if decision.known else next(keys).pk for decision in self.decisions]

    def _enrolments(self, accounts: list[int]) -> list[int]:
        pairs = list(zip(self.decisions, accounts, strict=True))
        new = [(d, account) for d, account in pairs if d.known is None or d.known.enrolment is None]
        made = Enrolment.objects.bulk_create(
            (
                Enrolment(
                    course=self.course,
                    participant_id=account,
                    first_seen_at=self.now,
                    roles=decision.enrolment["roles"],
                    suspended=decision.enrolment["suspended"],
                    last_course_access=decision.enrolment["course_access"],
                    last_site_access=decision.enrolment["site_access"],
                    standing=decision.enrolment["standing"],
                )
                for decision, account in new
            ),
            batch_size=BATCH,
        )
        keys = iter(made)
        self._update_enrolments([d for d in self.decisions if d.changed])
        return [d.known.enrolment if d.known and d.known.enrolment else next(keys).pk for d in self.decisions]

    def _update_enrolments(self, changed: Iterable[Decision]) -> None:
        rows = [
            (
                decision.known.enrolment,
                SEPARATOR.join(decision.enrolment["roles"]),
                *(decision.enrolment[name] for name in ("suspended", "course_access", "site_access", "standing")),
                decision.enrolment["left_at"],
            )
            for decision in changed
            if decision.known
        ]
        columns = {
            "roles": "text",
            "suspended": "boolean",
            "last_course_access": "timestamptz",
            "last_site_access": "timestamptz",
            "standing": "text",
            "left_at": "timestamptz",
        }
        _update("moodle_sync_enrolment", columns, rows, roles=f"string_to_array(u.roles, '{SEPARATOR}')::varchar[]")

    def _memberships(self, enrolments: list[int]) -> None:
        told = [(d, pk) for d, pk in zip(self.decisions, enrolments, strict=True) if d.groups is not None]
        groups = self._groups(sorted({name for d, _ in told for name in d.groups or ()}))
        wanted = {(pk, groups[name]) for d, pk in told for name in d.groups or ()}
        there = {(pk, group) for d, pk in told if d.known and d.known.enrolment for group in d.known.groups}
        gone, added = sorted(there - wanted), sorted(wanted - there)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM moodle_sync_membership m USING unnest(%s::bigint[], %s::bigint[]) AS u (enrolment, grp)"
                " WHERE m.enrolment_id = u.enrolment AND m.group_id = u.grp",
                [[pk for pk, _ in gone], [group for _, group in gone]],
            )
        Membership.objects.bulk_create(
            (Membership(enrolment_id=pk, group_id=group) for pk, group in added), batch_size=BATCH
        )

    def _groups(self, names: list[str]) -> dict[str, int]:
        """Groups by name: one that is there first, one that was there before a new one."""
        known: dict[str, Group] = {}
        for group in Group.objects.filter(course=self.course, name__in=names).order_by("pk"):
            before = known.get(group.name)
            if before is None or (before.gone_at and not group.gone_at):
                known[group.name] = group
        back = [group.pk for group in known.values() if group.gone_at]
        Group.objects.filter(pk__in=back).update(gone_at=None)
        for group in Group.objects.bulk_create(Group(course=self.course, name=n) for n in names if n not in known):
            known[group.name] = group
        return {name: group.pk for name, group in known.items()}

    def _carry_site_access(self, accounts: list[int]) -> None:
        """The platform's stamp is one for all courses of a person, and only moves forward (see `moodle_sync.apply`)."""
        told = [
            (account, d.enrolment["site_access"])
            for d, account in zip(self.decisions, accounts, strict=True)
            if d.known and d.person.site_access
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE moodle_sync_enrolment e SET last_site_access = u.seen"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS u (participant, seen)"
                " WHERE e.participant_id = u.participant AND e.course_id <> %s AND e.last_site_access < u.seen",
                [[account for account, _ in told], [seen for _, seen in told], self.course.pk],
            )


def _with_keys(account: dict[str, Any]) -> dict[str, Any]:
    search, sort = keys_of(
        *(account[n] for n in ("full_name", "first_name", "last_name", "email", "phone1", "phone2", "institution"))
    )
    return account | {"search_key": search, "sort_key": sort}


def _update(table: str, columns: dict[str, str], rows: Sequence[tuple[Any, ...]], **converted: str) -> None:
    """One statement for any number of rows, each (id, value of each column)."""
    if not rows:
        return
    types = ["bigint", *columns.values()]
    values = ", ".join(f"{name} = {converted.get(name, f'u.{name}')}" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {values}"
            f" FROM unnest({', '.join(f'%s::{kind}[]' for kind in types)}) AS u (id, {', '.join(columns)})"
            " WHERE t.id = u.id",
            [list(column) for column in zip(*rows, strict=True)],
        )
