"""The hint on words that often have no place in a note."""

import re

import pytest

from dashboard.calls.sensitive import PATTERN
from moodle_sync.text import folded


@pytest.mark.parametrize(
    "note",
    [
        "En arrêt MALADIE",
        "son époux a répondu",
        "Délégué syndical",
        "pratique le ramadan",
        "enceinte",
        "Congés",
        "Décès",
    ],
)
def test_sensitive_words_are_recognised_whatever_their_accents(note: str) -> None:
    assert re.search(PATTERN, folded(note))


@pytest.mark.parametrize(
    "note", ["Rappeler mardi matin", "Identifiants perdus", "Mairie de Poitiers", "Marine B. transmet"]
)
def test_ordinary_notes_are_left_alone(note: str) -> None:
    assert not re.search(PATTERN, folded(note))
