"""Tokens at rest: encrypted with the first of VIGIE_TOKEN_KEYS, readable with any of them."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class TokenUnreadable(Exception):
    """None of the configured keys opens this token: it must be given again."""


def _keys() -> MultiFernet:
    if not settings.TOKEN_KEYS:
        raise ImproperlyConfigured("VIGIE_TOKEN_KEYS is not set: tokens cannot be encrypted.")
    try:
        return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])
    except ValueError as exc:
        raise ImproperlyConfigured("VIGIE_TOKEN_KEYS must hold Fernet keys: 32 bytes in URL-safe base64.") from exc


def encrypt(token: str) -> str:
    return _keys().encrypt(token.encode()).decode()


def decrypt(encrypted: str) -> str:
    try:
        return _keys().decrypt(encrypted.encode()).decode()
    except InvalidToken as exc:
        raise TokenUnreadable from exc


def seal(content: bytes) -> bytes:
    """What may rest a day in the database, such as the rows of a file, unreadable without the keys."""
    return _keys().encrypt(content)


def unseal(sealed: bytes) -> bytes:
    try:
        return _keys().decrypt(sealed)
    except InvalidToken as exc:
        raise TokenUnreadable from exc


def rotate(encrypted: str) -> str:
    """The same token, encrypted with the newest key."""
    try:
        return _keys().rotate(encrypted.encode()).decode()
    except InvalidToken as exc:
        raise TokenUnreadable from exc
