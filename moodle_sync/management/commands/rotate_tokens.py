from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from moodle_sync import crypto
from moodle_sync.cli import FAILED, MoodleCommand
from moodle_sync.models import Connection


class Command(MoodleCommand):
    help = "Encrypt every token with the newest key, the first of VIGIE_TOKEN_KEYS; older keys can then go."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for pk in Connection.objects.order_by("pk").values_list("pk", flat=True):
            unreadable += not self._rotate(pk)
        if unreadable:
            raise CommandError(
                _("%(count)d tokens cannot be decrypted: keep the earlier keys, or enter these tokens again.")
                % {"count": unreadable},
                returncode=FAILED,
            )

    @transaction.atomic
    def _rotate(self, pk: int) -> bool:
        """One token, locked: `add_site` may be replacing it."""
        connection = Connection.objects.select_for_update(of=("self",)).select_related("site").get(pk=pk)
        data = {"site": connection.site.name, "service": connection.service, "user": connection.moodle_user_id}
        try:
            connection.token_encrypted = crypto.rotate(connection.token_encrypted)
        except crypto.TokenUnreadable:
            self.tell(data | {"rotated": False}, _("Cannot be decrypted: %(name)s") % {"name": connection})
            return False
        connection.save(update_fields=["token_encrypted"])
        self.tell(data | {"rotated": True}, _("Encrypted with the newest key: %(name)s") % {"name": connection})
        return True
