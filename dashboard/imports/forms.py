"""The file and what it is about; then what each of its columns holds."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dashboard.imports.places import importable_courses, may_add_course
from dashboard.imports.reading import is_light, leave_to_a_worker, read_at_once, targets_of
from dashboard.models import ImportFile
from moodle_sync.files.columns import Target
from moodle_sync.files.errors import Unreadable
from moodle_sync.files.limits import MAX_BYTES
from moodle_sync.files.reader import Table, read
from moodle_sync.models import Course, Site

Kind = ImportFile.Kind
LOCAL = "%Y-%m-%dT%H:%M"
SEVERAL = {Target.GROUP, Target.GROUPS, Target.ROLES}
NAMES = {Target.EMAIL, Target.FIRST_NAME, Target.LAST_NAME, Target.FULL_NAME}


class UploadForm(forms.Form):
    """Call within the site's time zone: the moment is typed as on its clocks."""

    kind = forms.ChoiceField(label=_("What the file brings"), choices=Kind.choices, initial=Kind.PEOPLE)
    file = forms.FileField(label=_("File, CSV or XLSX"))
    course = forms.ModelChoiceField(
        Course.objects.none(), label=_("Course"), required=False, empty_label=_("Another course, named below")
    )
    course_name = forms.CharField(label=_("Name of the new course"), required=False, max_length=255)
    course_moodle_id = forms.IntegerField(
        label=_("Its number on Moodle (optional)"),
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text=_("In the address of its page, after “id=”. A later web service finds the same course by it."),
    )
    course_start = forms.DateField(
        label=_("Opening day (optional)"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    moment = forms.DateTimeField(
        label=_("Exported from Moodle on"),
        input_formats=[LOCAL],
        widget=forms.DateTimeInput({"type": "datetime-local"}, LOCAL),
        help_text=_("Ages such as “4 days 5 hours” count back from here."),
    )

    def __init__(self, *args: Any, user: User, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.user, self.site = user, site
        self.raw = b""
        self.table: Table | None = None
        course = self.fields["course"]
        course.queryset = importable_courses(user, site)  # type: ignore[attr-defined]
        self.adds = may_add_course(user, site)
        if not self.adds:
            course.empty_label = "—"  # type: ignore[attr-defined]
            for name in ("course_name", "course_moodle_id", "course_start"):
                del self.fields[name]
        self.fields["moment"].initial = timezone.localtime()
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name in {"kind", "course"} else "form-control"
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx"

    def clean_file(self) -> Any:
        uploaded = self.cleaned_data["file"]
        self.raw = uploaded.read(MAX_BYTES + 1)
        try:
            if is_light(self.raw):
                self.table = read(self.raw)
        except Unreadable as exc:
            raise ValidationError(exc.problem.label) from None
        return uploaded

    def clean_moment(self) -> Any:
        moment = self.cleaned_data["moment"]
        if moment > timezone.now() + timedelta(minutes=1):
            raise ValidationError(_("The export cannot be later than now."))
        return moment

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("kind") == Kind.PEOPLE and not data.get("course") and not data.get("course_name"):
            self.add_error("course", _("Choose the course, or name a new one.") if self.adds else _("Choose a course."))
        number = data.get("course_moodle_id")
        taken = Course.objects.filter(site=self.site, moodle_id=number, followed=True) if number else None
        if taken and not data.get("course") and taken.exists():
            self.add_error("course_moodle_id", _("Vigie follows this course already: choose it in the list."))
        return data

    def save(self) -> ImportFile | None:
        """None: the file is long, and no worker can be reached."""
        draft = self._draft()
        if self.table is None:
            return draft if leave_to_a_worker(draft, self.raw) else None
        read_at_once(draft, self.table)
        return draft

    def _draft(self) -> ImportFile:
        data = self.cleaned_data
        of_people = data["kind"] == Kind.PEOPLE
        named = of_people and data["course"] is None
        start = data.get("course_start") if named else None
        midnight = datetime.combine(start, time.min, self.site.zone) if start else None
        return ImportFile(
            site=self.site,
            course=data["course"] if of_people else None,
            kind=data["kind"],
            by=self.user,
            file_name=data["file"].name[-120:],
            moment=min(data["moment"], timezone.now()),
            course_name=data.get("course_name", "") if named else "",
            course_moodle_id=data.get("course_moodle_id") if named else None,
            course_start=midnight,
        )


class MappingForm(forms.Form):
    """One choice per column; its name is kept in `headers`, a few of its values in `samples`."""

    def __init__(self, *args: Any, draft: ImportFile, content: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.draft = draft
        targets = targets_of(draft.kind)
        choices: list[tuple[str, str | Promise]] = [("", _("Left aside")), *((t.value, t.label) for t in targets)]
        self.columns = []
        for index, header in enumerate(content["headers"]):
            name = f"column{index}"
            self.fields[name] = forms.ChoiceField(
                label=header or _("(without a name)"),
                choices=choices,
                required=False,
                initial=draft.mapping[index],
                widget=forms.Select({"class": "form-select"}),
            )
            samples = list(dict.fromkeys(row[index] for _, row in content["rows"][:200] if row[index]))[:3]
            self.columns.append((self[name], samples))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = [Target(code) for code in data.values() if code]
        twice = {target for target in chosen if chosen.count(target) > 1} - SEVERAL
        if twice:
            names = ", ".join(str(target.label) for target in sorted(twice))
            raise ValidationError(_("Chosen for two columns: %(names)s.") % {"names": names})
        if self.draft.kind == Kind.DETAILS:
            if Target.EMAIL not in chosen or len(chosen) < 2:
                raise ValidationError(_("Say which column is the e-mail address, and which are phones or schools."))
        elif not NAMES & set(chosen):
            raise ValidationError(_("Say which column is the e-mail address, or which are the names."))
        return data

    @property
    def mapping(self) -> list[str]:
        return [self.cleaned_data[field.name] for field, _ in self.columns]
