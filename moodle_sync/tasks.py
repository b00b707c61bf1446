import random

from celery import Task, shared_task
from django.db.models import Q
from django.utils import timezone

from moodle_sync import auto_follow, retention, runs, site_facts, sync
from moodle_sync.models import Course, SyncRun


@shared_task(bind=True, max_retries=None)
def sync_course(self: "Task[[int], None]", run_id: int) -> None:
    """One attempt to read one course. A taken course or a busy site is waited for, without holding a worker."""
    run = SyncRun.objects.select_related("course").filter(pk=run_id).first()
    if run is None or not run.is_active:
        return
    if runs.sweep(Q(pk=run_id)):  # delivered again after its worker died: the next due time starts a new one
        return
    if runs.claim(run) is not runs.Claim.GOT:
        runs.keep_waiting(run)
        raise self.retry(countdown=random.uniform(2, 5), priority=run.urgency)
    sync.perform(run)


@shared_task
def read_due_facts() -> int:
    """Names and dates of the courses of each site that is due. A busy one comes next time. Returns how many sites."""
    claimed = (site_facts.claim(site_id) for site_id in site_facts.due_sites(timezone.now()))
    return sum(site_facts.read(site) is not None for site in claimed if site is not None)


@shared_task
def enqueue_due() -> int:
    """Once a minute: end what died, send again what nobody took, ask for what is due. Returns how many.

    Two schedulers at once do no harm.
    """
    runs.sweep()
    runs.send_again()
    due = Course.objects.followed().filter(next_sync_at__lte=timezone.now()).exclude(connection=None)
    asked = 0
    for course in due.order_by("next_sync_at"):
        runs.request_run(course, attempt=runs.next_attempt(course))
        asked += 1
    return asked


@shared_task
def follow_by_rules() -> int:
    """Daily: courses that appeared on Moodle since. Returns how many are followed now that were not."""
    return auto_follow.apply_all()


@shared_task
def forget_old_runs() -> int:
    """Daily: the history of reads that nobody needs any more."""
    return retention.forget_old(timezone.now())
