from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_safe

TITLES = {"calls": _("Remind and call"), "list": _("The list and the files")}
# A text of a page is written once per language, not translated by the sentence.
TEXTS = {
    "calls": {"en": "dashboard/help/calls.en.html", "fr": "dashboard/help/calls.fr.html"},
    "list": {"en": "dashboard/help/list.en.html", "fr": "dashboard/help/list.fr.html"},
    "privacy": {"en": "dashboard/help/privacy.en.html", "fr": "dashboard/help/privacy.fr.html"},
    "accessibility": {"en": "dashboard/help/accessibility.en.html", "fr": "dashboard/help/accessibility.fr.html"},
}
NOTICES = {"privacy": _("Your personal data"), "accessibility": _("Accessibility statement")}


@require_GET
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """A guide for tutors."""
    context = {"name": name, "title": TITLES[name], "guide": TEXTS[name][_language()]}
    return render(request, "dashboard/help/page.html", context)


@login_not_required
@require_safe
def notice(request: HttpRequest, name: str) -> HttpResponse:
    """For everybody, who may have no account here: messages lead to them. `lang`: not the browser's language."""
    asked = request.GET.get("lang", "")
    language = asked if asked in TEXTS[name] else _language()
    context = {
        "notice": TEXTS[name][language],
        "other": "en" if language == "fr" else "fr",
        "controller": settings.DATA_CONTROLLER,
        "contact": settings.ACCESSIBILITY_CONTACT if name == "accessibility" else settings.DATA_CONTACT,
        "address": settings.PUBLIC_URL,
    }
    with translation.override(language):
        return render(request, "dashboard/help/notice.html", {**context, "title": str(NOTICES[name])})


def _language() -> str:
    return "fr" if (get_language() or "").startswith("fr") else "en"
