"""The list on paper: what one takes to a phone away from the screen."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dashboard.courses.requests import LoggedIn
from dashboard.exports import asking
from dashboard.exports.lines import lines
from dashboard.exports.views import only_who_follows
from dashboard.models import Export

MOST = 1_000
"""Some fifty sheets: more is a filter forgotten."""


@never_cache
@require_http_methods(["GET", "POST"])
def printed(request: LoggedIn) -> HttpResponse:
    """A list by its address; by POST what `exports.views.export` takes, a selection for instance."""
    only_who_follows(request)
    if request.method == "POST":
        asked = asking.asked(request.user, request.POST)
    else:
        asked = asking.of_list(request.user, request.GET.urlencode())
    if len(asked.ids) > MOST:
        words = ngettext(
            "Too long for paper: at most %(n)s person is printed. Narrow the list by its filters, or export it.",
            "Too long for paper: at most %(n)s people are printed. Narrow the list by its filters, or export it.",
            MOST,
        )
        messages.warning(request, words % {"n": MOST})
        return redirect("dashboard:roster")
    now = timezone.now()
    asking.record(request.user, asked, Export.Format.PAPER)
    context = {"lines": list(lines(request.user, asked.ids, now)), "words": asked.words, "now": now}
    return render(request, "dashboard/exports/print.html", context)
