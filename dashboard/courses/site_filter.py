from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.scope import overseen_courses
from moodle_sync.models import Site


class SiteFilter(forms.Form):
    """All in the URL. A wrong value filters nothing rather than everything."""

    site = forms.ModelChoiceField(
        Site.objects.none(),
        label=_("Site"),
        required=False,
        empty_label=_("All sites"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = Site.objects.filter(pk__in=overseen_courses(user).values("site")).order_by("name")
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]
