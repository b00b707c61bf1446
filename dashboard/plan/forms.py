from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.enums import Channel
from dashboard.follow_up.rules import Step
from dashboard.models import MessageTemplate, Plan, PlanStep, WorkingDays
from dashboard.plan import regions, wording
from moodle_sync.models import Course, Site

FIELD, BOX = {"class": "form-control"}, {"class": "form-select"}
LAST_DAY = 365
NEW_STEPS = 2
"""Empty lines to add steps on."""


class StepForm(forms.Form):
    """One line of the plan. Without a day it is no step."""

    day = forms.IntegerField(
        label=_("Day after the opening"),
        min_value=0,
        max_value=LAST_DAY,
        required=False,
        widget=forms.NumberInput(attrs=FIELD),
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=Channel.choices, widget=forms.Select(attrs=BOX))
    template = forms.ModelChoiceField(
        label=_("Message"),
        queryset=MessageTemplate.objects.none(),
        required=False,
        empty_label=_("chosen when sending"),
        widget=forms.Select(attrs=BOX),
    )

    def __init__(self, *args: Any, templates: Iterable[MessageTemplate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]


class Steps(forms.BaseFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    def get_deletion_widget(self) -> forms.CheckboxInput:  # type: ignore[override]  # the stubs want its class
        return forms.CheckboxInput(attrs={"class": "form-check-input"})

    def clean(self) -> None:
        if any(self.errors):
            return
        days = [step.day for step in self.steps]
        if len(set(days)) < len(days):
            raise ValidationError(_("Two steps fall on the same day: give each a day of its own."))

    @property
    def steps(self) -> list[Step]:
        """In the order of their days, without those that were taken out."""
        found = []
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            if data.get("day") is not None and not data.get("DELETE"):
                by_mail = data["channel"] == Channel.EMAIL
                template = data["template"].pk if by_mail and data["template"] else None
                found.append(Step(data["day"], Channel(data["channel"]), template))
        return sorted(found)


StepFormSet = forms.formset_factory(StepForm, formset=Steps, extra=NEW_STEPS, can_delete=True, max_num=30)


class DormantForm(forms.Form):
    reopen_dormant = forms.BooleanField(
        label=_("Look after those who no longer come"),
        help_text=_("Whoever came in and has not come back for two weeks is to do again."),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


def save_plan(owner: Course | Site, steps: Iterable[Step], *, reopen_dormant: bool, by: User, now: Any) -> Plan:
    """The owner's plan as it is now to be; in the caller's transaction."""
    key = {"course": owner} if isinstance(owner, Course) else {"site": owner}
    plan, _created = Plan.objects.update_or_create(
        **key, defaults={"reopen_dormant": reopen_dormant, "changed_at": now, "changed_by": by}
    )
    plan.steps.all().delete()
    PlanStep.objects.bulk_create(
        PlanStep(plan=plan, day=step.day, channel=step.channel, template_id=step.template_id) for step in steps
    )
    return plan


class DaysForm(forms.Form):
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Working days"),
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        error_messages={"required": _("Choose at least one day: nobody would ever be written to or called.")},
    )
    country = forms.ChoiceField(label=_("Public holidays of"), required=False, widget=forms.Select(attrs=BOX))
    subdivision = forms.ChoiceField(label=_("Region"), required=False, widget=forms.Select(attrs=BOX))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        countries = list(regions.COUNTRIES.items())
        self.fields["country"].choices = [("", _("no public holidays")), *countries]  # type: ignore[attr-defined]
        self.fields["subdivision"].choices = [  # type: ignore[attr-defined]
            ("", _("the whole country")),
            *((name, list(found.items())) for code, name in countries if (found := regions.regions(code))),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        country, region = data.get("country", ""), data.get("subdivision", "")
        if region and (not country or region not in regions.regions(country)):
            self.add_error("subdivision", _("This region is of another country."))
        return data

    def save(self, site: Site) -> None:
        WorkingDays.objects.update_or_create(site=site, defaults=self.cleaned_data)


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = MessageTemplate
        fields = ("name", "subject", "body")
        widgets = {
            "name": forms.TextInput(attrs=FIELD),
            "subject": forms.TextInput(attrs=FIELD),
            "body": forms.Textarea(attrs=FIELD | {"rows": 12}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body(self) -> str:
        return self._checked("body")

    def _checked(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        wording.check(text)
        return text

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        same = MessageTemplate.objects.filter(site=self.instance.site, name=data.get("name")).exclude(
            pk=self.instance.pk
        )
        if same.exists():
            self.add_error("name", _("Another message has this name."))
        return data
