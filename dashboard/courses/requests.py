from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class LoggedIn(HttpRequest):
    """What LoginRequiredMiddleware and HtmxMiddleware let through, for the type checker."""

    user: User
    htmx: HtmxDetails
