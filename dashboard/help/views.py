from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

LANGUAGES = {"fr", "en"}


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    """The guide for tutors. A text of a page is written once per language, not translated by the sentence."""
    language = (get_language() or "")[:2]
    guide = f"dashboard/help/calls.{language if language in LANGUAGES else 'en'}.html"
    return render(request, "dashboard/help/page.html", {"guide": guide})
