"""Tells the simulated Moodle about contacts logged in Vigie, so that people come in after a call."""

import json
import logging
import os
import threading
import urllib.error
import urllib.request
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from dashboard.enums import Kind
from dashboard.models import Contact
from moodle_sync.models import Enrolment

logger = logging.getLogger(__name__)
CONTROL_TOKEN = "VIGIE_DEMO_CONTROL_TOKEN"
TOLD = {Kind.CALL, Kind.CONTACTED, Kind.EMAIL, Kind.MESSAGE}


@receiver(post_save, sender=Contact, dispatch_uid="demo.story")
def tell(instance: Contact, created: bool, **kwargs: Any) -> None:
    token = os.environ.get(CONTROL_TOKEN)
    if not (token and created and instance.kind in TOLD):
        return
    enrolment = Enrolment.objects.select_related("participant", "course__site").get(follow_up=instance.follow_up_id)
    data = {
        "id": enrolment.participant.moodle_id,
        "course": enrolment.course.moodle_id,
        "outcome": instance.outcome or "contacted",
    }
    url = f"{enrolment.course.site.url}/_control/contacted"
    transaction.on_commit(lambda: threading.Thread(target=post, args=(url, token, data), daemon=True).start())


def post(url: str, token: str, data: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(data).encode(), {"X-Control-Token": token})
    try:
        with urllib.request.urlopen(request, timeout=5):
            pass
    except urllib.error.URLError as exc:
        logger.warning("The simulated Moodle did not take the news of a contact: %s", exc.reason)
