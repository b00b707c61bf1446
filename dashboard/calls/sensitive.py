"""French words that often have no place in a note: health, family, union, religion (product.md §6.5).

A hint, never a refusal, made in the browser while the note is typed.
Words are folded (no accent); a final `*` stands for any ending.
"""

import re

WORDS = {
    "health": "malad* sante medic* medecin* hopita* hospital* cancer* depress* burn-out burnout grossesse enceinte "
    "accouch* handicap* operation chirurg* invalid* psych* therap* traitement souffr* arret conge*",
    "family": "famill* divorc* separation epou* conjoint* mari femme enfant* bebe deces deuil veuf veuve parent*",
    "union": "syndic* greve* greviste* militant* cgt fsu snuipp snes cfdt unsa sud",
    "religion": "relig* musulman* islam* cathol* chretien* protestant* juif* juive* bouddh* ramadan careme voile "
    "eglise mosquee synagogue croyan*",
}


def _pattern() -> str:
    """A regular expression, the same in Python and in JavaScript, for text folded to lower case without accents."""
    words = [re.escape(word).replace(r"\*", r"\w*") for line in WORDS.values() for word in line.split()]
    return rf"\b(?:{'|'.join(words)})\b"


PATTERN = _pattern()
