"""Reading an upload: at once when it is light, else by a worker.

The raw file may hold user names, which nothing of ours stores. What waits for the worker is therefore encrypted with a
key of its own: the file in Redis, for an hour at most, the key in PostgreSQL, until the file was read. Neither opens
without the other, and without the key no copy of Redis does ever again.
"""

from datetime import timedelta
from typing import Any

import kombu.exceptions
from celery import current_app
from cryptography.fernet import Fernet
from django.core.cache import cache
from django.utils import timezone

from dashboard.imports import details
from dashboard.imports.progress import Progress
from dashboard.models import ImportFile
from dashboard.models.import_file import sealed
from moodle_sync import crypto
from moodle_sync.files.columns import Target, recognise
from moodle_sync.files.errors import Unreadable
from moodle_sync.files.reader import Table, read, weight

State = ImportFile.State
LIGHT = 512 * 2**10
"""Bytes (unpacked, where the file is an archive) that are read while the browser waits: some thousand lines."""
HELD = timedelta(hours=1)


def is_light(data: bytes) -> bool:
    """Raises Unreadable."""
    return weight(data) <= LIGHT


def read_at_once(draft: ImportFile, table: Table) -> None:
    draft.state = State.MAPPING
    for name, value in _kept(draft, table).items():
        setattr(draft, name, value)
    draft.save()


def leave_to_a_worker(draft: ImportFile, data: bytes) -> bool:
    """False: no queue answers, and nothing is kept."""
    key = Fernet.generate_key()
    draft.state, draft.lines, draft.content = State.READING, 0, crypto.seal(key)
    draft.save()
    cache.set(_place(draft.pk), Fernet(key).encrypt(data), int(HELD.total_seconds()))
    try:
        current_app.send_task("dashboard.tasks.read_import", [draft.pk])
    except kombu.exceptions.OperationalError:
        forget(draft.pk)
        draft.delete()
        return False
    return True


def read_held(pk: int) -> None:
    """The file that was left to a worker. Delivered again after a worker died, it is read again."""
    draft = ImportFile.objects.get(pk=pk)
    held = cache.get(_place(pk))
    if draft.state != State.READING or draft.content is None:
        return
    if held is None:
        _end(pk, state=State.FAILED, content=None)
        return
    try:
        data = Fernet(crypto.unseal(bytes(draft.content))).decrypt(held)
        _end(pk, state=State.MAPPING, **_kept(draft, read(data, Progress(draft))))
    except Unreadable as exc:
        _end(pk, state=State.FAILED, content=None, problem=exc.problem)
    except Exception:
        _end(pk, state=State.FAILED, content=None)
        raise


def _end(pk: int, **fields: Any) -> None:
    ImportFile.objects.filter(pk=pk, state=State.READING).update(changed_at=timezone.now(), **fields)
    forget(pk)


def forget(pk: int) -> None:
    cache.delete(_place(pk))


def forget_unread() -> int:
    """The keys of files that no worker has read within an hour. Returns how many."""
    old = ImportFile.objects.filter(state=State.READING, uploaded_at__lt=timezone.now() - HELD)
    return old.update(state=State.FAILED, content=None)


def _place(pk: int) -> str:
    return f"import-file-{pk}"


def _kept(draft: ImportFile, table: Table) -> dict[str, Any]:
    return {
        "lines": len(table.rows),
        "dropped": table.dropped,
        "mapping": suggested(table.headers, draft.kind),
        "content": sealed({"headers": table.headers, "rows": table.rows}),
    }


def suggested(headers: list[str], kind: str) -> list[str]:
    allowed = set(targets_of(kind))
    return [target.value if target in allowed else "" for target in recognise(headers)]


def targets_of(kind: str) -> list[Target]:
    return details.TARGETS if kind == ImportFile.Kind.DETAILS else list(Target)
