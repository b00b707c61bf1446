from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dashboard.courses.requests import LoggedIn
from dashboard.search.finding import find

BELOW_THE_BOX = 7
ON_THE_PAGE = 50
LONGEST = 200


@never_cache
@require_GET
def search(request: LoggedIn) -> HttpResponse:
    """As one types: the first few, below the box. Without script, or by Enter: a page."""
    if not request.user.follows_people:
        raise PermissionDenied(_("Named people are for those who follow them: tutors and coordinators."))
    query = request.GET.get("q", "")[:LONGEST]
    below = request.htmx.target == "found"
    found = find(request.user, query, timezone.now(), limit=BELOW_THE_BOX if below else ON_THE_PAGE)
    template = "dashboard/search/_found.html" if below else "dashboard/search/page.html"
    return render(request, template, {"found": found, "below": below})
