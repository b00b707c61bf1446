from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.models import SavedView
from dashboard.views_saved.shelf import searches

LONGEST = 7000
"""Characters of a query: no longer address reaches the application, so no list can be that of a longer one."""


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """The name of a view, and whether colleagues see it."""

    class Meta:
        model = SavedView
        fields = ["name", "shared"]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        own = SavedView.objects.filter(owner=self.instance.owner, name__iexact=name).exclude(pk=self.instance.pk)
        # Two lines that read alike help nobody; those that exist already may still be given other filters.
        if "name" in self.changed_data and own.exists():
            raise forms.ValidationError(_("You have a view of this name already: choose another."))
        return name

    def clean(self) -> None:
        super().clean()
        if len(self.instance.query) > LONGEST:
            raise forms.ValidationError(_("This view has too many filters to be kept: choose fewer."))
        if self.cleaned_data.get("shared") and searches(self.instance.query):
            words = _("A view that searches for somebody stays yours: sharing it would give the name away.")
            self.add_error("shared", words)
