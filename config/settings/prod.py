"""Production: HTTPS in front, everything from the environment."""

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.settings.base import *  # noqa: F403

if not TOKEN_KEYS:  # noqa: F405
    raise ImproperlyConfigured("VIGIE_TOKEN_KEYS is not set: Moodle tokens could not be encrypted.")
PUBLIC_URL = env.text("VIGIE_PUBLIC_URL")  # the links of mails start with it

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.flag("VIGIE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env.number("VIGIE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
