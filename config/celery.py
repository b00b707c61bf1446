"""The Celery application and the whole beat schedule."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("vigie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "enqueue-due-courses": {"task": "moodle_sync.tasks.enqueue_due", "schedule": 60.0},
    "advance-follow-ups": {"task": "dashboard.tasks.advance_follow_ups", "schedule": 300.0},
    "forget-imports": {"task": "dashboard.tasks.forget_imports", "schedule": 3600.0},
}
