from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class LoggedIn(HttpRequest):
    """What LoginRequiredMiddleware and HtmxMiddleware let through, for the type checker."""

    user: User
    htmx: HtmxDetails


def posted_next(request: HttpRequest, *, otherwise: str) -> str:
    """Where a form says to go on; never another host, whatever it says."""
    here = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    return here if safe else otherwise
