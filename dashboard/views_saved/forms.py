from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.models import SavedView
from dashboard.views_saved.shelf import searches


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """The name of a view, and whether colleagues see it."""

    class Meta:
        model = SavedView
        fields = ["name", "shared"]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("shared") and searches(self.instance.query):
            words = _("A view that searches for somebody stays yours: sharing it would give the name away.")
            self.add_error("shared", words)
