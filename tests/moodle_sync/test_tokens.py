"""Tokens at rest: encrypted, rotated, never shown."""

from __future__ import annotations

import io
import json
import logging

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.serializers import serialize
from django.db import connection as database
from pytest_django import Settings

from moodle_sync import crypto
from moodle_sync.models import Connection
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db
TOKEN = "FAKESECRET1234567890FAKESECRET12"
OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def rotate() -> list[dict[str, object]]:
    out = io.StringIO()
    call_command("rotate_tokens", "--json", stdout=out)
    assert TOKEN not in out.getvalue()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_rotation(settings: Settings) -> None:
    settings.TOKEN_KEYS = [OLD]
    found = [ConnectionFactory(token=f"{TOKEN}{n}") for n in range(3)]
    settings.TOKEN_KEYS = [NEW, OLD]
    assert found[0].token == f"{TOKEN}0", "the old key still opens"
    assert [line["rotated"] for line in rotate()] == [True] * 3
    settings.TOKEN_KEYS = [NEW]
    assert [c.token for c in Connection.objects.order_by("pk")] == [f"{TOKEN}{n}" for n in range(3)]
    settings.TOKEN_KEYS = [OLD]
    with pytest.raises(crypto.TokenUnreadable):
        _ = Connection.objects.earliest("pk").token


def test_rotation_names_what_it_cannot_open_and_does_the_rest(settings: Settings) -> None:
    settings.TOKEN_KEYS = [OTHER]
    lost = ConnectionFactory(token=TOKEN)
    settings.TOKEN_KEYS = [OLD]
    ConnectionFactory(token=TOKEN)
    settings.TOKEN_KEYS = [NEW, OLD]
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("rotate_tokens", "--json", stdout=out)
    assert caught.value.returncode == 1
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["user"], line["rotated"]) for line in lines] == [
        (lost.moodle_user_id, False),
        (lost.moodle_user_id + 1, True),
    ]
    settings.TOKEN_KEYS = [OTHER]
    assert Connection.objects.get(pk=lost.pk).token == TOKEN, "and leaves it as it is"


def test_nothing_to_rotate() -> None:
    assert rotate() == []


def test_the_token_is_nowhere_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    connection = ConnectionFactory(token=TOKEN)
    assert connection.token == TOKEN
    with database.cursor() as cursor:
        cursor.execute("SELECT c::text FROM moodle_sync_connection c")
        stored = str(cursor.fetchall())
    shown = [stored, repr(connection), str(connection), repr(vars(connection)), serialize("json", [connection])]
    assert not [text for text in [*shown, caplog.text] if TOKEN in text]
    assert "moodle_sync_connection" in stored or "dedicated" in stored


def test_no_administration_page_shows_connections(settings: Settings) -> None:
    assert "django.contrib.admin" not in settings.INSTALLED_APPS


def test_the_same_token_never_looks_the_same() -> None:
    assert crypto.encrypt(TOKEN) != crypto.encrypt(TOKEN)


@pytest.mark.parametrize("keys", [[], ["too short"], ["é" * 44]])
def test_keys_that_are_none(settings: Settings, keys: list[str]) -> None:
    settings.TOKEN_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        crypto.encrypt(TOKEN)


@pytest.mark.parametrize("damaged", ["", "nonsense", "é"])
def test_a_damaged_token_is_unreadable(damaged: str) -> None:
    with pytest.raises(crypto.TokenUnreadable):
        crypto.decrypt(damaged)
    with pytest.raises(crypto.TokenUnreadable):
        crypto.rotate(damaged)
