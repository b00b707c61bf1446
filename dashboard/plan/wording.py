"""Words to send: templates with variables in braces, and the two that come with Vigie."""

from collections.abc import Iterator, Mapping
from string import Formatter

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.links import public_url
from accounts.models import User
from dashboard.models import MessageTemplate
from moodle_sync.models import Course, Enrolment, Site

VARIABLES = ("prénom", "nom", "session", "adresse", "tuteur")
"""As they are written in the messages, which are in French whatever the interface's language."""
SHIPPED = {
    "Première relance": (
        "Votre formation « {session} » a commencé",
        "Bonjour {prénom} {nom},\n\n"
        "Vous faites partie de la formation « {session} », ouverte depuis quelques jours."
        " Nous n’y avons pas encore vu de connexion de votre part.\n\n"
        "Pour y entrer : {adresse}\n\n"
        "Si quelque chose vous empêche de vous connecter, répondez simplement à ce message.\n\n"
        "{tuteur}",
    ),
    "Deuxième relance": (
        "« {session} » : avez-vous besoin d’aide pour vous connecter ?",
        "Bonjour {prénom} {nom},\n\n"
        "La formation « {session} » se poursuit et votre espace vous attend.\n\n"
        "Pour y entrer : {adresse}\n\n"
        "Adresse de la plateforme, identifiants, inscription : dites-nous ce qui bloque en répondant à ce message."
        " Sans nouvelle de votre part, nous vous appellerons dans les prochains jours.\n\n"
        "{tuteur}",
    ),
}


def available(site: Site) -> QuerySet[MessageTemplate]:
    """The site's templates and those of all sites. Where there is none at all, the shipped ones are put there."""
    if not MessageTemplate.objects.exists():
        MessageTemplate.objects.bulk_create(
            [MessageTemplate(name=name, subject=subject, body=body) for name, (subject, body) in SHIPPED.items()],
            ignore_conflicts=True,
        )
    return MessageTemplate.objects.filter(Q(site=site) | Q(site=None)).order_by("pk")


def variables(enrolment: Enrolment, tutor: User) -> dict[str, str]:
    participant, course = enrolment.participant, enrolment.course
    values = [participant.first_name, participant.last_name, course.full_name, course_address(course), str(tutor)]
    return dict(zip(VARIABLES, values, strict=True))


def with_notice(text: str) -> str:
    """Each message says where to read what is kept of its reader (product.md §6.3)."""
    address = public_url(reverse("dashboard:privacy"))
    return text if address in text else f"{text.rstrip()}\n\nVos données personnelles : {address}"


def course_address(course: Course) -> str:
    return f"{course.site.url}/course/view.php?id={course.moodle_id}" if course.moodle_id else course.site.url


def fill(text: str, values: Mapping[str, str]) -> str:
    """Names that the text does not know stay as they are: it was checked when it was written."""
    return "".join(literal + (values[name] if name else "") for literal, name in _parts(text))


def check(text: str) -> None:
    """Raises ValidationError for a variable that nothing fills in, or a brace without its other one."""
    try:
        unknown = {name for _literal, name in _parts(text) if name and name not in VARIABLES}
    except ValueError as exc:
        message = _("A brace { or } stands alone. To write one, double it: {{ or }}.")
        raise ValidationError(message) from exc
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        named = ", ".join(f"{{{name}}}" for name in sorted(unknown))
        raise ValidationError(
            _("Nothing fills in %(unknown)s. The variables are %(known)s.") % {"unknown": named, "known": known}
        )


def _parts(text: str) -> Iterator[tuple[str, str]]:
    for literal, name, form, conversion in Formatter().parse(text):
        if name is None:
            yield literal, ""
        else:
            # «{nom!r}» or «{nom:>9}» are no variables of ours; nor is an empty pair of braces.
            yield literal, name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "") or " "
