"""Laws of the French catalogue: its typography, and the product's words, which are the same everywhere."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.db.models import TextChoices
from django.utils import timezone, translation

from dashboard.enums import Cause, Outcome, State
from dashboard.templatetags.vigie import elapsed, exact_time
from moodle_sync.enums import Access

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "fr" / "LC_MESSAGES" / "django.po"
NBSP, NARROW = "\u00a0", "\u202f"
COUNTED = r"(?:%%|(?:min|h|j|s|jours?|personnes?|sessions?|inscrits?|enseignants?|groupes?|caractères)\b)"
FAULTS = {
    "an ASCII apostrophe": r"'",
    "straight quotes": r'"',
    "English quotes": r"[“”]",
    "three dots": r"\.\.\.",
    "an em dash": r"—",
    "a colon without its no-break space": rf"(?<!{NBSP}):(?=\s|$)",
    "; ? ! without its narrow no-break space": rf"(?<!{NARROW})[;?!]",
    "« without its no-break space": rf"«(?!{NBSP})",
    "» without its no-break space": rf"(?<!{NBSP})»",
    "a breaking space between a figure and what it counts": rf"(?:\d|%\(\w+\)[sd]) {COUNTED}",
    "a space at an end": r"^ | $",
}
TUTOIEMENT = re.compile(r"\b(?:tu|toi|ton|ta|tes)\b", re.IGNORECASE)
INCLUSIVE = re.compile(r"\w(?:\(e\)|·e|\.e\.)s?\b|\w\(e\)")
PRODUCT: dict[type[TextChoices], dict[str, str]] = {
    Access: {
        "never_platform": "Jamais connecté à la plateforme",
        "never_course": "Jamais entré dans la session",
        "dormant": "N’est plus venu",
        "active": "Est venu",
        "unknown": "Accès inconnu",
    },
    State: {
        "waiting": "En attente",
        "todo": "À traiter",
        "reminded": "Relancé",
        "callback": "À rappeler",
        "contacted": "Contacté",
        "blocked": "Bloqué",
        "closed_in": "Entré",
        "closed_out": "Sans suite",
    },
    Outcome: {
        "connected_live": "Connexion réussie pendant l’appel",
        "will_connect": "Va se connecter",
        "needs_support": "Assistance à saisir",
        "declined": "Ne suivra pas",
        "callback": "À rappeler",
        "voicemail": "Message sur répondeur",
        "third_party": "Message transmis à l’établissement",
        "no_answer": "Sans réponse",
        "wrong_number": "Numéro erroné",
        "do_not_call": "Ne souhaite plus être appelé",
    },
    Cause: {
        "unaware_enrolled": "Ne savait pas être inscrit",
        "unaware_started": "Ne savait pas la session ouverte",
        "wrong_url": "Adresse de plateforme inconnue",
        "wrong_portal": "Mauvais portail",
        "wrong_instance": "Autre plateforme académique",
        "credentials": "Identifiants perdus ou refusés",
        "no_academic_account": "Pas de compte académique",
        "duplicate_account": "Deux comptes",
        "wrong_email": "Adresse erronée",
        "mailbox_unread": "Messagerie non consultée",
        "not_enrolled": "Inscription absente",
        "session_hidden": "Session non ouverte ou masquée",
        "technical": "Problème technique",
        "no_time": "Manque de temps",
        "unavailable": "Indisponible",
        "reassigned": "Changement d’affectation",
        "withdrawn": "Ne suivra pas",
        "other": "Autre",
        "unknown": "Non déterminée",
    },
}


def french() -> Iterator[tuple[str, str]]:
    """Each form of each message: its source, its French."""
    with PO.open("rb") as file:
        catalog = read_po(file, locale="fr")
    for message in catalog:
        if message.id:
            forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
            yield from ((str(message.id), str(form)) for form in forms)


def without_addresses(text: str) -> str:
    return re.sub(r"https?://\S+|moodle/\w+:\w+", "x", text)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_catalogue_has_no(fault: str) -> None:
    found = [text for _source, text in french() if re.search(FAULTS[fault], without_addresses(text))]
    assert not found


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_would_be_seen(fault: str) -> None:
    samples = {
        "an ASCII apostrophe": "l'appel",
        "straight quotes": 'dit "oui"',
        "English quotes": "dit “oui”",
        "three dots": "Date...",
        "an em dash": "lu — rien",
        "a colon without its no-break space": "Cause : aucune",
        "; ? ! without its narrow no-break space": "Oublié ?",
        "« without its no-break space": "dit « oui",
        "» without its no-break space": "oui »",
        "a breaking space between a figure and what it counts": "il y a %(n)s min",
        "a space at an end": "Rien ",
    }
    assert re.search(FAULTS[fault], samples[fault])


def test_quotes_open_and_close() -> None:
    assert not [text for _source, text in french() if text.count("«") != text.count("»")]


def test_the_interface_says_vous_and_gives_no_gender() -> None:
    assert not [text for _source, text in french() if TUTOIEMENT.search(text) or INCLUSIVE.search(text)]


def test_the_french_ends_as_its_source() -> None:
    """A sentence stays one, a label gets no full stop."""
    ends = {
        source: (source.rstrip("'\")")[-1] == ".", text[-1] == ".") for source, text in french() if source[0] != "("
    }
    assert not [source for source, (ours, theirs) in ends.items() if ours != theirs]


@pytest.mark.parametrize("words", PRODUCT, ids=lambda words: words.__name__)
def test_the_words_of_the_product(words: type[TextChoices]) -> None:
    with translation.override("fr"):
        assert {choice.value: str(choice.label) for choice in words} == PRODUCT[words]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "à l’instant"),
        (1, f"il y a 1{NBSP}min"),
        (90, f"il y a 1{NBSP}h"),
        (23 * 1440, f"il y a 23{NBSP}j"),
    ],
)
def test_relative_times(minutes: int, words: str) -> None:
    now = timezone.now()
    with translation.override("fr"):
        assert elapsed(now - timedelta(minutes=minutes), now) == words


def test_exact_times_are_in_french_order() -> None:
    with translation.override("fr"), timezone.override(UTC):
        assert exact_time(datetime(2026, 11, 23, 15, 8, tzinfo=UTC)) == "lundi 23 novembre 2026 à 15:08"
