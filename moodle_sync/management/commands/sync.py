import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q
from django.utils.translation import gettext as _

from moodle_sync import kinds, runs
from moodle_sync.cli import FAILED, USAGE, MoodleCommand
from moodle_sync.enums import GOOD_RUNS, RunState
from moodle_sync.explain import explain
from moodle_sync.models import Course, SyncRun
from moodle_sync.sync import perform

# For machines, a read that Vigie itself broke off is one that may be tried again.
STATES: dict[str, RunState] = {RunState.INTERRUPTED: RunState.UNAVAILABLE}


class Command(MoodleCommand):
    help = "Read followed courses from Moodle now, through Celery or in this process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", help="only this platform, by name or address")
        parser.add_argument("--course", type=int, metavar="MOODLE_ID", help="only this course")
        parser.add_argument("--inline", action="store_true", help="in this process, without Celery")
        parser.add_argument(
            "--accept-shrink", action="store_true", help="accept that far fewer people are there than before"
        )
        parser.add_argument(
            "--timeout",
            type=int,
            default=900,
            metavar="SECONDS",
            help="how long to wait for workers or others",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        courses = self._courses(options["site"], options["course"])
        kinds.read_everything_next(courses)
        read = self._inline if options["inline"] else self._by_workers
        bad = 0
        for run in read(courses, options["accept_shrink"], options["timeout"]):
            bad += run.state not in GOOD_RUNS
            self._tell(run)
        if bad:
            raise CommandError(
                _("%(bad)d of %(all)d courses could not be read.") % {"bad": bad, "all": len(courses)},
                returncode=FAILED,
            )

    def _courses(self, site: str | None, moodle_id: int | None) -> list[Course]:
        courses = Course.objects.followed().select_related("site").order_by("site__name", "moodle_id")
        if site:
            courses = courses.filter(site=self.site(site))
        if moodle_id is not None:
            courses = courses.filter(moodle_id=moodle_id)
        if not courses:
            raise CommandError(_("No followed course matches. See list_courses and follow."), returncode=USAGE)
        return list(courses)

    def _inline(self, courses: list[Course], accept_shrink: bool, timeout: int) -> Iterator[SyncRun]:
        for course in courses:
            run, _is_new = runs.create_run(course, accept_shrink=accept_shrink)
            deadline = time.monotonic() + timeout
            while run.is_active:
                if runs.claim(run) is runs.Claim.GOT:
                    perform(run)
                    break
                if time.monotonic() > deadline:
                    raise CommandError(
                        _("Somebody else has been reading for %(seconds)d s; try again later.") % {"seconds": timeout},
                        returncode=FAILED,
                    )
                time.sleep(0.2)
                runs.sweep(Q(pk=run.pk))
                run.refresh_from_db()
            yield run

    def _by_workers(self, courses: list[Course], accept_shrink: bool, timeout: int) -> Iterator[SyncRun]:
        waiting = {runs.request_run(course, accept_shrink=accept_shrink).pk: course for course in courses}
        deadline = time.monotonic() + timeout
        while waiting:
            done = SyncRun.objects.filter(pk__in=waiting).exclude(pk__in=SyncRun.objects.active())
            for run in done.select_related("course__site").order_by("finished_at"):
                del waiting[run.pk]
                yield run
            if waiting and time.monotonic() > deadline:
                raise CommandError(
                    _("No answer from the workers after %(seconds)d s; the reads stay queued. Is a worker running?")
                    % {"seconds": timeout},
                    returncode=FAILED,
                )
            if waiting:
                time.sleep(0.2)

    def _tell(self, run: SyncRun) -> None:
        course, trouble = run.course, explain(run)
        seconds = (
            round((run.finished_at - run.started_at).total_seconds(), 3) if run.finished_at and run.started_at else None
        )
        error = f"{trouble.what} {trouble.who}. {trouble.todo}" if trouble else ""
        data = {
            "site": course.site.name,
            "course": course.moodle_id,
            "state": STATES.get(run.state, run.state),
            "kind": run.kind,
            "fetched": run.people_read,
            "created": run.created,
            "updated": run.updated,
            "unchanged": run.unchanged,
            "left": run.left,
            "first_accesses": run.first_accesses,
            "skipped": len(run.skipped_positions),
            "skipped_positions": run.skipped_positions,
            "missing_rights": run.missing_rights,
            "seconds": seconds,
            "error": error,
            "error_code": run.error_code,
        }
        sentence = _(
            "%(course)s %(name)s: %(state)s — %(read)d read, %(created)d new, %(updated)d changed, %(left)d left,"
            " %(entered)d came in"
        ) % {
            "course": course.moodle_id, "name": course.full_name, "state": run.get_state_display(),
            "read": run.people_read, "created": run.created, "updated": run.updated, "left": run.left,
            "entered": run.first_accesses,
        }  # fmt: skip
        positions = ", ".join(map(str, run.skipped_positions))
        skipped = _("Skipped at position: %(positions)s.") % {"positions": positions} if positions else ""
        self.tell(data, "\n    ".join(filter(None, [sentence, skipped, error])))
