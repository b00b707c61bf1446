"""Mail to administrators when a site has failed for hours, and when it answers again."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.links import public_url
from accounts.models import Role, User
from dashboard.models import SiteNotice
from moodle_sync.enums import GOOD_RUNS, RunState
from moodle_sync.errors import Trouble
from moodle_sync.explain import explain_code
from moodle_sync.models import Site, SyncRun

logger = logging.getLogger(__name__)
FAILED_FOR = timedelta(hours=3)
SITE_TROUBLES = [RunState.REFUSED, RunState.UNAVAILABLE]
"""A held course or a worker of ours that died says nothing against the site."""
OF_ONE_COURSE = [
    "nopermissions", "errorcoursecontextnotvalid", "requireloginerror", "invalidrecord", "invalidrecordunknown",
    Trouble.TOO_MANY_BROKEN,
]  # fmt: skip
"""Moodle answered, about that course alone: its coordinator sees it on the courses page."""
Kind = SiteNotice.Kind
TEMPLATES = {
    Kind.DOWN: ("emails/site_down_subject.txt", "emails/site_down_body.txt"),
    Kind.UP: ("emails/site_up_subject.txt", "emails/site_up_body.txt"),
}


def watch(now: datetime | None = None) -> int:
    """Write the notices that are due, then send what nobody has sent. Returns how many mails went out."""
    now = now or timezone.now()
    for site in Site.objects.filter(courses__followed=True).distinct():
        _note(site, now)
    waiting = SiteNotice.objects.filter(claimed_at=None, created_at__gt=now - timedelta(days=1))
    return sum(send(notice, now) for notice in waiting.select_related("site"))


def failing_since(site: Site) -> datetime | None:
    """End of the first failed read since the last good one, of any course; None: the site answers."""
    good = SyncRun.objects.filter(course__site=site, state__in=GOOD_RUNS)
    last_good = good.order_by("-finished_at").values_list("finished_at", flat=True).first()
    failed = _failed(site)
    if last_good is not None:
        failed = failed.filter(finished_at__gt=last_good)
    return failed.order_by("finished_at").values_list("finished_at", flat=True).first()


def _failed(site: Site) -> QuerySet[SyncRun]:
    runs = SyncRun.objects.filter(course__site=site, course__followed=True, state__in=SITE_TROUBLES)
    return runs.exclude(error_code__in=OF_ONE_COURSE)


def _note(site: Site, now: datetime) -> None:
    """One notice per outage and one per recovery; the day's constraint keeps a flapping site quiet."""
    since, last = failing_since(site), site.notices.order_by("-created_at", "-pk").first()
    told = last is not None and last.kind == Kind.DOWN
    if since is not None and now - since >= FAILED_FOR and not told:
        _write(site, Kind.DOWN, now, since=since, error_code=_failed(site).latest("finished_at").error_code)
    elif since is None and last is not None and told:
        _write(site, Kind.UP, now, since=last.since)


def _write(site: Site, kind: SiteNotice.Kind, now: datetime, **fields: object) -> None:
    day = now.astimezone(site.zone).date()
    SiteNotice.objects.get_or_create(site=site, kind=kind, day=day, defaults={"created_at": now, **fields})


def send(notice: SiteNotice, now: datetime) -> int:
    """Claimed first: two workers, or one that dies here, send it once at most."""
    if not SiteNotice.objects.filter(pk=notice.pk, claimed_at=None).update(claimed_at=now):
        return 0
    to = list(User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).values_list("email", flat=True))
    if to:
        try:
            _message(notice, to).send()
        except (SMTPException, OSError):
            logger.exception("The notice %s about site %s was not sent", notice.pk, notice.site_id)
            SiteNotice.objects.filter(pk=notice.pk).update(claimed_at=None)
            return 0
    SiteNotice.objects.filter(pk=notice.pk).update(sent_at=now)
    return len(to) and 1


def _message(notice: SiteNotice, to: list[str]) -> EmailMessage:
    """No one's name and no address but the site's; administrators do not see each other's."""
    site = notice.site
    next_try = site.courses.followed().order_by("next_sync_at").values_list("next_sync_at", flat=True).first()
    context = {
        "site": site,
        "since": notice.since.astimezone(site.zone),
        "next_try": next_try.astimezone(site.zone) if next_try else None,
        "why": explain_code(notice.error_code),
        "courses": site.courses.followed().count(),
        "url": public_url(f"{reverse('dashboard:courses')}?site={site.pk}"),
    }
    with translation.override(settings.LANGUAGE_CODE), timezone.override(site.zone):
        subject, body = (render_to_string(name, context).strip() for name in TEMPLATES[Kind(notice.kind)])
    return EmailMessage(subject, f"{body}\n", settings.DEFAULT_FROM_EMAIL, bcc=to)
