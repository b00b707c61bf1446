"""When anybody's act, the plan or a read last changed something.

As long as it stays the same, an open page need not ask the database.
"""

import time

from django.core.cache import cache
from django.db import transaction

KEY = "live:pulse"


def beat() -> None:
    """One question to Redis: whoever claims the next person waits for it."""
    cache.set(KEY, time.time_ns() // 1000, None)


def beat_later() -> None:
    """Once what was written can be read."""
    transaction.on_commit(beat)


def current() -> int:
    """Microseconds; only whether it is another than before means anything."""
    return int(cache.get(KEY, 0))
