"""After a test that really commits: what it left is deleted, where there is something.

Django's own way truncates every table and makes its permissions and content types anew, for the few that were filled.
"""

from functools import cache

from django.db import connection
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}
"""Written by the migrations, and by nothing of ours."""


@cache
def which_are_filled() -> str:
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in sorted(tables))


def delete_everything(_: TransactionTestCase) -> None:
    """In one transaction, whose end checks the constraints: the order does not matter."""
    with connection.cursor() as cursor:
        cursor.execute(which_are_filled())
        if filled := [name for (name,) in cursor.fetchall()]:
            cursor.execute("; ".join(["BEGIN", *(f"DELETE FROM {name}" for name in filled), "COMMIT"]))
