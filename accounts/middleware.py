from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

Handler = Callable[[HttpRequest], HttpResponse]


def htmx_login_redirect(get_response: Handler) -> Handler:
    """An expired session reloads the page instead of painting the login form inside a row."""
    login_url = resolve_url(settings.LOGIN_URL)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        to_login = response.status_code == 302 and response.headers["Location"].startswith(login_url)
        if htmx and to_login:
            here = htmx.current_url_abs_path or "/"
            return HttpResponseClientRedirect(redirect_to_login(here, login_url).url)
        return response

    return middleware
