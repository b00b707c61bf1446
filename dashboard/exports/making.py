"""A long export, written by a worker: kept in encrypted pieces for a day, and given up aloud when the worker dies."""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import IO

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from dashboard.exports import writers
from dashboard.exports.lines import Line, lines
from dashboard.exports.reading import BATCH
from dashboard.models import Export, ExportPart
from dashboard.scope import visible_enrolments
from moodle_sync import crypto
from moodle_sync.models import Enrolment

PART = 512 * 2**10
"""Bytes."""
KEPT = timedelta(days=1)
STUCK_AFTER = timedelta(minutes=10)
"""A worker that has said nothing for so long is dead, or there is none."""
State = Export.State


class Overtaken(Exception):
    """The export was given up and asked for again: another worker has it."""


def take(pk: int) -> Export | None:
    """None: another worker has it, or had it."""
    claim = uuid.uuid4()
    waiting = Export.objects.filter(pk=pk, state=State.WAITING, ids__isnull=False)
    if not waiting.update(state=State.MAKING, claim=claim, done=0, changed_at=timezone.now()):
        return None
    return Export.objects.select_related("by").get(pk=pk)


def make(pk: int) -> None:
    export = take(pk)
    if export is None:
        return
    try:
        with translation.override(export.language), tempfile.TemporaryFile() as file:
            found = lines(export.by, export.ids or [], timezone.now()) if export.by.is_active else iter(())
            written = writers.write(export.format, _told(export, found), file)
            file.seek(0)
            _keep(export, file, written)
    except Overtaken:
        return
    except Exception:
        _mine(export).update(state=State.FAILED)
        raise


def again(export: Export) -> bool:
    """One that failed, from its beginning. False: it did not, or its people are forgotten."""
    failed = Export.objects.filter(pk=export.pk, state=State.FAILED, ids__isnull=False)
    return bool(failed.update(state=State.WAITING, claim=None, done=0, changed_at=timezone.now()))


def content_of(export: Export) -> Iterator[bytes]:
    """Piece by piece. Raises crypto.TokenUnreadable when the keys were changed meanwhile."""
    for number in range(export.parts.count()):
        yield crypto.unseal(bytes(export.parts.get(number=number).content))


def still_seen(export: Export) -> bool:
    """Everybody in it, by its author: people may have been given to somebody else since."""
    ids = export.ids or []
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        there = Enrolment.objects.filter(pk__in=some).count()
        if visible_enrolments(export.by).filter(pk__in=some).count() < there:
            return False
    return True


def give_up() -> int:
    """Those of which nothing was heard. Returns how many."""
    silent = Export.objects.filter(state__in=[State.WAITING, State.MAKING], changed_at__lt=timezone.now() - STUCK_AFTER)
    return silent.update(state=State.FAILED, claim=None)


def forget() -> int:
    """What was prepared more than a day ago; that it was, and for whom, stays. Returns how many."""
    old = Export.objects.filter(ids__isnull=False, changed_at__lt=timezone.now() - KEPT)
    pks = list(old.values_list("pk", flat=True))
    ExportPart.objects.filter(export__in=pks).delete()
    return Export.objects.filter(pk__in=pks).update(state=State.FORGOTTEN, ids=None, claim=None)


def _told(export: Export, found: Iterable[Line]) -> Iterator[Line]:
    """Says from time to time how far it is."""
    for n, line in enumerate(found, 1):
        if n % BATCH == 0:
            _say(export, n)
        yield line


def _say(export: Export, done: int) -> None:
    if not _mine(export).update(done=done, changed_at=timezone.now()):
        raise Overtaken


def _keep(export: Export, file: IO[bytes], written: int) -> None:
    with transaction.atomic():
        if not _mine(export).update(state=State.READY, done=written, changed_at=timezone.now()):
            raise Overtaken
        ExportPart.objects.filter(export=export).delete()
        number = 0
        while piece := file.read(PART):
            ExportPart.objects.create(export=export, number=number, content=crypto.seal(piece))
            number += 1


def _mine(export: Export) -> QuerySet[Export]:
    return Export.objects.filter(pk=export.pk, state=State.MAKING, claim=export.claim)
