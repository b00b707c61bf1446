"""Tests: real PostgreSQL and Redis (started by tests/services.py), fast password hashing, mail kept in memory."""

import os

# mypy's plugin and the linters load these settings with no service running.
os.environ.setdefault("DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:1/none")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("VIGIE_TOKEN_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")

from config import env
from config.settings.base import *  # noqa: F403

INSTALLED_APPS += ["demo"]  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {  # noqa: F405
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
PRIVATE_SITES = env.networks("VIGIE_PRIVATE_SITES", "127.0.0.0/8,::1/128")
