"""The capability report in plain words, and the request to the Moodle administrator, ready to copy."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moodle_sync.capability import Aspect, Capability, Check, Need, Outcome
from moodle_sync.enums import Service
from moodle_sync.explain import explain_code
from moodle_sync.text import grouped

Words = str | Promise


@dataclass(frozen=True)
class Subject:
    title: Words
    serves: Words
    cost: Words
    """What Vigie does without."""


SUBJECTS: dict[Aspect, Subject] = {
    Aspect.LISTING: Subject(
        gettext_lazy("List of courses"),
        gettext_lazy("Choosing what to follow"),
        gettext_lazy("Only the courses listed can be followed."),
    ),
    Aspect.PARTICIPANTS: Subject(
        gettext_lazy("People enrolled"),
        gettext_lazy("The list of teachers"),
        gettext_lazy("Whoever is not shown is not in Vigie’s lists."),
    ),
    Aspect.NAMES: Subject(
        gettext_lazy("First and last names"),
        gettext_lazy("Sorting by name"),
        gettext_lazy("The full name is shown, and lists are sorted by it."),
    ),
    Aspect.SITE_ACCESS: Subject(
        gettext_lazy("Last access to the platform"),
        gettext_lazy("“Never logged in”"),
        gettext_lazy("Nobody is said never to have logged in to the platform; their access shows as unknown."),
    ),
    Aspect.COURSE_ACCESS: Subject(
        gettext_lazy("Last access to the course"),
        gettext_lazy("“Never entered”"),
        gettext_lazy("Who has not entered the course is not told apart; their access shows as unknown."),
    ),
    Aspect.EMAIL: Subject(
        gettext_lazy("E-mail addresses"),
        gettext_lazy("Reminders, recognising the same person elsewhere"),
        gettext_lazy("These people get no reminder by e-mail, and are not recognised on another platform."),
    ),
    Aspect.GROUPS: Subject(
        gettext_lazy("Groups"),
        gettext_lazy("Who follows whom"),
        gettext_lazy("Groups are those of the people shown; empty groups do not appear."),
    ),
    Aspect.PHONES: Subject(
        gettext_lazy("Phone numbers"),
        gettext_lazy("Calls"),
        gettext_lazy("Tutors type the numbers they find, or a file brings them."),
    ),
    Aspect.SUSPENDED: Subject(
        gettext_lazy("Suspended enrolments"),
        gettext_lazy("Chasing only those who can come"),
        gettext_lazy("People whose enrolment is suspended stay in the lists, and might be chased."),
    ),
    Aspect.ACCOUNTS: Subject(
        gettext_lazy("Suspended accounts"),
        gettext_lazy("Chasing only those who can log in"),
        gettext_lazy("People whose account is suspended stay in the lists, and might be chased."),
    ),
    Aspect.COURSE_FACTS: Subject(
        gettext_lazy("Dates and visibility of courses"),
        gettext_lazy("When to begin chasing"),
        gettext_lazy("A hidden course cannot be told from an open one."),
    ),
    Aspect.HIDDEN_COURSES: Subject(
        gettext_lazy("Hidden courses"),
        gettext_lazy("Preparing a course before it opens"),
        gettext_lazy("A course that is hidden cannot be read until it opens."),
    ),
}
RIGHTS: dict[Need, Words] = {
    Need.VIEW_PARTICIPANTS: gettext_lazy("see the participants of a course"),
    Need.VIEW_COURSES: gettext_lazy("see courses without being enrolled"),
    Need.VIEW_DETAILS: gettext_lazy("see the people’s profiles"),
    Need.VIEW_FULL_NAMES: gettext_lazy("see full names"),
    Need.VIEW_IDENTITY: gettext_lazy("see the identity fields, such as the e-mail address"),
    Need.VIEW_HIDDEN_FIELDS: gettext_lazy("see hidden fields, such as the last access"),
    Need.ALL_GROUPS: gettext_lazy("see the people of all groups"),
    Need.ENROL_REVIEW: gettext_lazy("see which enrolments are suspended"),
}
OUTCOMES: dict[Outcome, tuple[Words, str, str]] = {
    Outcome.READ: (gettext_lazy("Read"), "ok", "check"),
    Outcome.PARTLY: (gettext_lazy("In part"), "warn", "alert-triangle"),
    Outcome.MISSING: (gettext_lazy("Missing"), "danger", "x"),
    Outcome.UNTRIED: (gettext_lazy("Not tried"), "", "minus"),
}


@dataclass(frozen=True)
class Line:
    """One row of the report, as it is shown."""

    check: Check
    title: Words
    serves: Words
    finding: str
    cost: Words
    remedies: list[str]
    outcome: Words
    css: str
    icon: str


def lines(capability: Capability) -> list[Line]:
    return [_line(check, capability) for check in capability.checks]


def _line(check: Check, capability: Capability) -> Line:
    subject = SUBJECTS[check.aspect]
    outcome, css, icon = OUTCOMES[check.outcome]
    lacks = check.outcome in {Outcome.PARTLY, Outcome.MISSING}
    return Line(
        check, subject.title, subject.serves, finding(check, capability), subject.cost if lacks else "",
        [remedy(need) for need in check.needs] if lacks else [], outcome, css, icon,
    )  # fmt: skip


def finding(check: Check, capability: Capability) -> str:
    """What was seen, in one sentence."""
    if check.code:
        return str(explain_code(check.code).what)
    if check.outcome == Outcome.UNTRIED:
        return _untried(check, capability)
    values = {"n": grouped(check.found), "of": grouped(check.of), "course": capability.course_name}
    if check.aspect == Aspect.LISTING:
        return ngettext("%(n)s course listed.", "%(n)s courses listed.", check.found) % values
    if check.aspect == Aspect.PARTICIPANTS:
        return _people(check, values)
    if check.aspect == Aspect.GROUPS:
        return ngettext("%(n)s group seen.", "%(n)s groups seen.", check.found) % values
    if check.aspect == Aspect.HIDDEN_COURSES:
        return ngettext("%(n)s hidden course is seen.", "%(n)s hidden courses are seen.", check.found) % values
    if check.aspect == Aspect.COURSE_FACTS:
        return _("Name, dates and visibility come.") if check.found else _("Moodle does not give all of them.")
    if check.aspect == Aspect.SUSPENDED:
        if check.outcome == Outcome.MISSING:
            return _("Moodle does not let this account know.")
        return ngettext("%(n)s suspended in this course.", "%(n)s suspended in this course.", check.found) % values
    if not check.found:
        return _("Moodle gives none.")
    return _("There for %(n)s people of %(of)s.") % values


def _people(check: Check, values: dict[str, str]) -> str:
    if check.outcome != Outcome.READ:
        return _("Moodle counts %(of)s people in “%(course)s” and shows %(n)s.") % values
    return ngettext("%(n)s person read in “%(course)s”.", "%(n)s people read in “%(course)s”.", check.found) % values


def _untried(check: Check, capability: Capability) -> str:
    if not capability.was_tried:
        return _("There is no course to try.")
    if check.aspect == Aspect.PARTICIPANTS:
        return _("“%(course)s” shows nobody: try another course.") % {"course": capability.course_name}
    if check.aspect == Aspect.HIDDEN_COURSES:
        return _("No hidden course was seen. To read one: %(right)s.") % {"right": "moodle/course:viewhiddencourses"}
    if check.aspect == Aspect.GROUPS:
        return _("None of those read is in a group.")
    return _("Could not be tried on this course.")


def remedy(need: Need) -> str:
    if need.is_right:
        return _("Right to ask for: %(right)s (%(words)s).") % {"right": need.value, "words": RIGHTS[need]}
    if need.is_function:
        return _("Function to add to the service: %(function)s.") % {"function": need.value}
    if need == Need.IDENTITY_PHONES:
        return _(
            "Moodle gives phones to nobody until both are ticked in Site administration → Users → Permissions → "
            "User policies → Show user identity. Or nobody here has entered one."
        )
    if need == Need.ENROLMENT:
        return _("The account has to be enrolled in the course, as its tutor.")
    return _("Moodle tells this since its release 3.6.")


def request(capability: Capability, site_name: str) -> str:
    """Word for word, to the Moodle administrator; empty when there is nothing to ask for."""
    wishes = _wishes(capability)
    if not wishes:
        return ""
    values = {"site": site_name, "user": capability.moodle_user_id, "release": capability.release.partition(" ")[0]}
    if capability.service == Service.DEDICATED:
        who = _("the token of a dedicated service, account no. %(user)s") % values
    else:
        who = _("the official mobile service, account no. %(user)s") % values
    opening = _("Hello,\n\nto follow the people enrolled in our courses on %(site)s (Moodle %(release)s), we read it with %(who)s. Could you please:")  # fmt: skip # noqa: E501
    listed = "\n".join(f"– {wish}" for wish in wishes)
    closing = _("None of these allows changing anything on Moodle.\n\nThank you very much.")
    return f"{opening % (values | {'who': who})}\n{listed}\n\n{closing}"


def _wishes(capability: Capability) -> list[str]:
    needs = capability.needs
    wishes = []
    if functions := [need.value for need in needs if need.is_function]:
        text = _("add to the external service of this token (Site administration → Server → Web services → External services): %(functions)s")  # fmt: skip # noqa: E501
        wishes.append(text % {"functions": ", ".join(functions)})
    if rights := [need.value for need in needs if need.is_right]:
        if capability.service == Service.DEDICATED:
            text = _("allow to this account’s role: %(rights)s")
        else:
            text = _("allow to the role that this account has in its courses: %(rights)s")
        wishes.append(text % {"rights": ", ".join(rights)})
    if Need.IDENTITY_PHONES in needs:
        wishes.append(
            _("tick “Phone” and “Mobile phone” under Site administration → Users → Permissions → User policies → "
              "Show user identity (showuseridentity)")
        )  # fmt: skip
    if Need.ENROLMENT in needs:
        wishes.append(_("enrol this account in its courses, as a tutor"))
    return wishes
