from urllib.parse import urljoin

from django.conf import settings


def public_url(path: str) -> str:
    """Where people reach `path` from a mail: the configured address, never the request's Host header."""
    return urljoin(settings.PUBLIC_URL.rstrip("/") + "/", path.lstrip("/"))
