from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

GUIDES = {"fr": "dashboard/help/calls.fr.html", "en": "dashboard/help/calls.en.html"}


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    """The guide for tutors. A text of a page is written once per language, not translated by the sentence."""
    guide = GUIDES.get((get_language() or "")[:2], GUIDES["en"])
    return render(request, "dashboard/help/page.html", {"guide": guide})
