from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import resolve_url
from django_htmx.middleware import HtmxDetails

Handler = Callable[[HttpRequest], HttpResponse]

OF_USER = "X-Vigie-User"
"""Header of what a page's script asks: whose page it is."""
LOGIN = "X-Vigie-Login"
"""Header of a 401: where to log in."""
UNAUTHORIZED = 401


def scripts_without_login(get_response: Handler) -> Handler:
    """A script that meets an ended session is told so: its page, with what is typed in it, stays.

    Nor is what somebody typed sent for another account that was logged in since, in another tab.
    """
    login_url = resolve_url(settings.LOGIN_URL)

    def middleware(request: HttpRequest) -> HttpResponse:
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        _know_no_nonsense(htmx)
        page_of = request.headers.get(OF_USER)
        if page_of and request.user.is_authenticated and page_of != str(request.user.pk):
            return HttpResponseForbidden()
        response = get_response(request)
        to_login = response.status_code == 302 and response.headers["Location"].startswith(login_url)
        if to_login and (htmx or page_of):
            login = redirect_to_login(htmx.current_url_abs_path or "/", login_url).url
            return HttpResponse(status=UNAUTHORIZED, headers={LOGIN: login})
        return response

    return middleware


def _know_no_nonsense(htmx: HtmxDetails) -> None:
    """What is no address at all is as if it were not sent."""
    try:
        here = htmx.current_url_abs_path
    except ValueError:
        here = None
    htmx.current_url_abs_path = here
