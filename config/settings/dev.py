"""`make run` and `make demo`: this machine only. `config.launch` gives the secrets and addresses."""

from config import env
from config.settings.base import *  # noqa: F403

DEBUG = env.flag("VIGIE_DEBUG", False)
INSTALLED_APPS += ["demo"]  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "var" / "mail"  # noqa: F405
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
PRIVATE_SITES = env.networks("VIGIE_PRIVATE_SITES", "127.0.0.0/8,::1/128")  # the simulated sites
