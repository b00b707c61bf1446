from collections.abc import Iterable
from typing import Any

from django.db import models

from moodle_sync.text import folded


class SortedByName(models.Model):
    """Lists sort by the name as people do: «Éducation» before «Laïcité», whatever the database's locale."""

    full_name = models.CharField(max_length=1333)
    sort_key = models.CharField(max_length=200, editable=False, db_default="", help_text="`save` keeps it.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.sort_key = folded(self.full_name)[:200]
        if update_fields is not None and "full_name" in update_fields:
            update_fields = {*update_fields, "sort_key"}
        super().save(*args, update_fields=update_fields, **kwargs)
