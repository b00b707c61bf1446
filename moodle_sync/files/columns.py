"""Which column is what, by its name: in English and French, as Moodle and people write it."""

import re
from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from moodle_sync.text import folded


class Target(TextChoices):
    """What a column may hold, in the order of the choices on the screen."""

    EMAIL = "email", _("E-mail address")
    FIRST_NAME = "first_name", _("First name")
    LAST_NAME = "last_name", _("Last name")
    FULL_NAME = "full_name", _("First and last name together")
    COURSE_ACCESS = "course_access", _("Last access to the course")
    SITE_ACCESS = "site_access", _("Last access to the platform")
    GROUPS = "groups", _("Groups, separated by commas")
    GROUP = "group", _("Group, one per line")
    ROLES = "roles", _("Roles")
    STATUS = "status", _("Status: active or suspended")
    COURSE = "course", _("Course")
    PHONE1 = "phone1", _("Phone")
    PHONE2 = "phone2", _("Mobile phone")
    INSTITUTION = "institution", _("School")
    CITY = "city", _("City")


SYNONYMS: dict[Target, tuple[str, ...]] = {
    Target.EMAIL: (
        "email address", "email", "e-mail", "e-mail address", "mail", "adresse de courriel", "courriel", "mel", "adel",
        "adresse email", "adresse e-mail", "adresse mail", "adresse electronique", "adresse mel",
        "courrier electronique", "adresse de messagerie", "email academique", "mail academique", "courriel academique",
        "adresse mail academique", "user email", "participant email",
    ),
    Target.FIRST_NAME: ("first name", "firstname", "prenom", "prenoms", "prenom usuel", "given name", "forename"),
    Target.LAST_NAME: (
        "last name", "lastname", "surname", "family name", "nom", "nom de famille", "nom usuel", "nom d'usage",
    ),
    Target.FULL_NAME: (
        "full name", "fullname", "first name / last name", "first name last name", "last name / first name",
        "nom complet", "prenom / nom", "nom / prenom", "prenom nom", "nom prenom", "nom et prenom", "prenom et nom",
        "nom, prenom", "full name with link", "enseignant", "stagiaire", "participant", "user full name",
    ),
    Target.COURSE_ACCESS: (
        "last access to course", "last course access", "last access to the course", "dernier acces au cours",
        "dernier acces cours", "date du dernier acces au cours", "derniere connexion au cours",
        "dernier acces au parcours", "dernier acces a la session", "derniere visite du cours", "last accessed course",
    ),
    Target.SITE_ACCESS: (
        "last access", "last site access", "last access to site", "last login", "last accessed", "dernier acces",
        "dernier acces au site", "dernier acces a la plateforme", "derniere connexion", "derniere visite",
        "date de derniere connexion", "date du dernier acces",
    ),
    Target.GROUPS: ("groups", "groupes", "group names", "noms des groupes"),
    Target.GROUP: ("group", "groupe", "group name", "nom du groupe"),
    Target.ROLES: ("roles", "role", "role name", "nom du role", "role dans le cours", "course role"),
    Target.STATUS: ("status", "statut", "etat", "etat de l'inscription", "statut d'inscription", "enrolment status"),
    Target.COURSE: (
        "course short name", "course shortname", "course full name", "course name", "course", "nom abrege du cours",
        "nom abrege", "nom complet du cours", "nom du cours", "cours", "session", "parcours", "intitule du parcours",
    ),
    Target.PHONE1: (
        "phone", "phone 1", "phone1", "phone number", "telephone", "tel", "tel.", "telephone 1", "telephone fixe",
        "numero de telephone", "tel fixe", "fixe", "telephone etablissement", "telephone professionnel",
    ),
    Target.PHONE2: (
        "mobile phone", "mobile", "phone 2", "phone2", "cell phone", "telephone mobile", "telephone portable",
        "portable", "tel mobile", "tel portable", "telephone 2", "telephone personnel",
    ),
    Target.INSTITUTION: (
        "institution", "school", "etablissement", "ecole", "college", "lycee", "nom de l'etablissement",
        "etablissement d'exercice", "affectation", "etablissement d'affectation", "libelle etablissement",
    ),
    Target.CITY: ("city", "city/town", "town", "ville", "commune", "localite"),
}  # fmt: skip
BY_NAME = {name: target for target, names in SYNONYMS.items() for name in names}
SECRET = {
    "username", "user name", "user-name", "login", "log in", "nom d'utilisateur", "utilisateur", "identifiant",
    "identifiant de connexion", "identifiant academique", "identifiant utilisateur", "identifiants", "user id login",
    "numen", "password", "mot de passe", "mdp", "id number", "idnumber", "numero d'identification", "matricule",
    "numero de securite sociale", "nir", "numero ine", "ine", "uid", "user username", "participant username",
    "nom utilisateur", "compte utilisateur", "compte",
}  # fmt: skip
SECRET_WORDS = {"numen", "username", "login", "password", "passe", "identifiant", "identifiants"}
SORT_LINKS = re.compile(r"sort by .*? (?:a|de)scending|trier par .*? (?:croissant|decroissant)")
REPEATED = frozenset({Target.GROUP, Target.GROUPS, Target.ROLES})


def plain(header: str) -> str:
    """A column's name as the lists above write it. A table copied from the page has sorting links in it."""
    name = SORT_LINKS.sub("", folded(header).replace("_", " "))
    name = re.sub(r"\s*[:*]+\s*$", "", name)
    return " ".join(name.split())


def is_secret(header: str) -> bool:
    """User names and civil-service numbers are of no use here, and must not be kept anywhere."""
    name = plain(header)
    words = set(re.findall(r"[^\W_]+", name))
    return name in SECRET or bool(words & SECRET_WORDS)


def recognise(headers: Sequence[str]) -> list[Target | None]:
    """One target per column; each at most once, except those that may come in several columns."""
    names = [plain(header) for header in headers]
    found: list[Target | None] = []
    for name, header in zip(names, headers, strict=True):
        target = None if is_secret(header) else BY_NAME.get(name)
        found.append(None if target in found and target not in REPEATED else target)
    if "name" in names:  # a report's column «Name» is the group's, unless nothing else names the person
        index = names.index("name")
        named = {Target.FIRST_NAME, Target.LAST_NAME, Target.FULL_NAME} & set(found)
        found[index] = Target.GROUP if named else Target.FULL_NAME
    if Target.LAST_NAME in found and not {Target.FIRST_NAME, Target.FULL_NAME} & set(found):
        found[found.index(Target.LAST_NAME)] = Target.FULL_NAME  # «Nom» alone holds both
    return found
