from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_safe

GUIDES = {"fr": "dashboard/help/calls.fr.html", "en": "dashboard/help/calls.en.html"}
NOTICES = {"fr": "dashboard/help/privacy.fr.html", "en": "dashboard/help/privacy.en.html"}


@require_GET
def calls(request: HttpRequest) -> HttpResponse:
    """The guide for tutors. A text of a page is written once per language, not translated by the sentence."""
    return render(request, "dashboard/help/page.html", {"guide": GUIDES[_language()]})


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """For teachers, who have no account here: every message leads to it. `lang`: not the browser's language."""
    asked = request.GET.get("lang", "")
    language = asked if asked in NOTICES else _language()
    context = {
        "notice": NOTICES[language],
        "other": "en" if language == "fr" else "fr",
        "controller": settings.DATA_CONTROLLER,
        "contact": settings.DATA_CONTACT,
    }
    with translation.override(language):
        return render(request, "dashboard/help/privacy.html", context)


def _language() -> str:
    language = (get_language() or "")[:2]
    return language if language in GUIDES else "en"
