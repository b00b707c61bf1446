"""The Celery application and the whole beat schedule."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("vigie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "enqueue-due-courses": {"task": "moodle_sync.tasks.enqueue_due", "schedule": 60.0},
    "read-course-facts": {"task": "moodle_sync.tasks.read_due_facts", "schedule": 300.0},
    "watch-sites": {"task": "dashboard.tasks.watch_sites", "schedule": 300.0},
    "follow-by-rules": {"task": "moodle_sync.tasks.follow_by_rules", "schedule": crontab(hour="3", minute="40")},
    "forget-old-runs": {"task": "moodle_sync.tasks.forget_old_runs", "schedule": crontab(hour="4", minute="10")},
    "advance-follow-ups": {"task": "dashboard.tasks.advance_follow_ups", "schedule": 300.0},
    "check-plans": {"task": "dashboard.tasks.check_plans", "schedule": crontab(hour="4", minute="20")},
    "tend-imports": {"task": "dashboard.tasks.tend_imports", "schedule": 300.0},
    "forget-selections": {"task": "dashboard.tasks.forget_selections", "schedule": 3600.0},
    "forget-views": {"task": "dashboard.tasks.forget_views", "schedule": 3600.0},
    "tend-exports": {"task": "dashboard.tasks.tend_exports", "schedule": 300.0},
    "resume-bulk-acts": {"task": "dashboard.tasks.resume_bulk_acts", "schedule": 60.0},
    "forget-drafts": {"task": "dashboard.tasks.forget_drafts", "schedule": 3600.0},
}
