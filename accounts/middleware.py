from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect


def htmx_login_redirect(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """An expired session reloads the page instead of painting the login form inside a row."""
    login_url = resolve_url(settings.LOGIN_URL)

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.htmx and response.status_code == 302 and response.headers["Location"].startswith(login_url):
            here = request.htmx.current_url_abs_path or "/"
            return HttpResponseClientRedirect(redirect_to_login(here, login_url).url)
        return response

    return middleware
