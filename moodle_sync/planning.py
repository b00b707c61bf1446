"""How PostgreSQL is to join the people of a whole course with what is known of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

MANY = 1_000


@contextmanager
def joining(people: int) -> Iterator[None]:
    """A transaction in which so many people are joined by hashing, never each with each.

    Just after a large course was read for the first time no statistics know it. The planner then takes its
    20,000 people for one and compares every row with every other: minutes instead of milliseconds.
    """
    with transaction.atomic():
        if people >= MANY:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_nestloop = off")
        yield
