"""Believable, obviously generated people; the same seed gives the same people.

Every address ends in example.org and every telephone number lies in the ranges that the French regulator
keeps for fiction.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator

from .world import User

_FIRST = """
Adèle Aïcha Alexandre Alice Amélie Anaïs André Anne Antoine Antoine-Marie Arnaud Aurélie Aurore Baptiste
Béatrice Benoît Bérénice Bruno Camille Caroline Catherine Cécile Cédric Céline Chantal Charles Chloé
Christelle Christophe Claire Clément Clémence Corinne Damien Daniel David Delphine Denis Didier Édith
Élise Élodie Émilie Emmanuel Éric Estelle Étienne Eugénie Fabien Fabrice Fanny Fatima Florence Florian
François Françoise Frédéric Gaëlle Gaëtan Geneviève Géraldine Gilles Grégory Guillaume Gwenaëlle Hassan
Hélène Henri Hervé Hugues Inès Irène Isabelle Jacques Jean Jean-Baptiste Jean-Luc Jean-Marc Jérémy Jérôme
Joëlle Joséphine Julie Julien Karim Karine Katia Laëtitia Laure Laurence Laurent Léa Lionel Loïc Louise
Luc Lucie Ludovic Maëlys Magali Malika Manon Marc Marguerite Marie Marie-Claude Marie-Hélène Marion
Martine Mathilde Maud Maxime Mélanie Mickaël Mireille Mohamed Monique Muriel Myriam Nadège Nadia Nathalie
Nicolas Noémie Océane Odile Olivier Ophélie Pascal Patrice Patricia Paul Paule Philippe Pierre
Pierre-Yves Quentin Rachel Rachid Raphaël Régine Régis Rémi Renaud Romain Roxane Sabrina Samuel Sandrine
Sébastien Ségolène Serge Séverine Solène Sonia Sophie Stéphane Stéphanie Sylvain Sylvie Tanguy Théo
Thérèse Thierry Thomas Tiphaine Valérie Vanessa Véronique Victor Vincent Virginie Xavier Yann Yasmine
Yves Yvette Zoé
"""
_LAST = """
Allard André Arnaud Aubert Barbier Baron Barré Benali Benoît Berger Bernard Berthelot Besson Blanchard
Bonnet Bouchet Boulanger Bourdon Bourgeois Boutin Brunet Caillaud Carpentier Chaillou Charpentier
Chauveau Chevalier Clément Colas Colin Cordier Coste Coulon Courtois Cousin Da-Silva David Delacroix
Delaunay Deschamps Diallo Dubois Dufour Dumont Dupont Dupuis Durand Étienne Évrard Fabre Faure Favreau
Ferrand Fleury Fontaine Fournier François Gaillard Garnier Gauthier Gérard Germain Giraud Girault
Gonçalves Guérin Guillaume Guillot Guyot Haddad Hamon Hébert Henry Hoarau Huet Hubert Jacquet Joly
Jourdain Lacroix Lambert Langlois Laporte Laurent Lebrun Leclerc Lefèvre Lemaître Lemoine Leroux Leroy
Lévêque Maillard Marchand Maréchal Martel Martin Masson Ménard Mercier Métayer Meunier Michaud Millet
Monnier Moreau Morin Moulin Nguyen Nicolas Ollivier Pasquier Payet Pelletier Pénichon Perrin Perrot Petit
Picard Pineau Poirier Pottier Prévost Raynaud Renard Renaud Renault Rivière Robin Roche Roger Rolland
Rousseau Roussel Roux Roy Sabourin Schmitt Simonnet Soulard Tessier Texier Thibault Traoré Vasseur Vidal
Vincent Weber Zimmermann
"""
# An underscore stands for a blank.
_FR_CITIES = """
Poitiers Angoulême Niort La_Rochelle Rochefort Châtellerault Cognac Saintes Bressuire Parthenay Limoges
Guéret Tulle Bordeaux Libourne Arcachon Périgueux Nantes Cholet Saint-Nazaire L’Haÿ-les-Roses Royan
Thouars Montmorillon Jonzac Ruffec
"""
FIRST_NAMES = _FIRST.split()

LAST_NAMES = [
    *_LAST.split(),
    "O’Brien",
    "D’Angelo",
    "L’Hermite",
    "Le Goff",
    "Le Gall",
    "de La Tour",
    "De Sousa",
    "Ben Youssef",
    "van den Berg",
    "Martin-Dupré",
    "Saint-Martin",
]

CITIES = {
    "FR": _FR_CITIES.split(),
    "RE": ["Saint-Denis", "Saint-Pierre", "Le_Tampon"],
    "GP": ["Pointe-à-Pitre", "Basse-Terre", "Les_Abymes"],
    "GF": ["Cayenne", "Kourou"],
}
SCHOOLS = [
    "Collège des Tilleuls",
    "Collège Olympe-de-Gouges",
    "Lycée du Marais",
    "École des Coteaux",
    "Lycée Ada-Lovelace",
]
# 01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49 and 06 39 98: kept for works of fiction.
FIXED_RANGES = ("01 99 00", "02 61 91", "03 53 01", "04 65 71", "05 36 49")
MOBILE_RANGE = "06 39 98"

# What real lists hold and code trips over. They come first in every world.
ODD_NAMES = [
    ("", ""),
    ("Chloé 🌻", "Petit"),
    ("Anne & Co", 'L"Hôte; "Zed"'),
    ("a < b", "Comparaison"),
    ("Jean", "=SOMME(A1;A2)"),
    ("Nguyễn Thị", "Hương"),
    ("فاطمة", "بن علي"),
    ("Ørjan", "Łukasiewicz"),
    ("", ""),
    ("Marie-Antoinette Joséphine Philippine", "de La Rochefoucauld-Montmorency de Saint-Hilaire du Bois"),
    ("Zoë", "D’Haÿ"),
    ("+33", "@dupont"),
    ("", ""),
]


def slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o").replace("ł", "l"))
    ascii_text = folded.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9-]+", "", ascii_text).strip("-")


class People:
    """An endless supply of people, without two equal addresses."""

    def __init__(self, seed: str, domain: str) -> None:
        self.random = random.Random(f"people:{seed}")
        self.domain = domain
        self._taken: set[str] = set()

    def email(self, firstname: str, lastname: str) -> str:
        parts = [part for part in (slug(firstname), slug(lastname)) if part] or ["compte"]
        local, number = ".".join(parts), 1
        while (address := f"{local}{number if number > 1 else ''}@{self.domain}") in self._taken:
            number += 1
        self._taken.add(address)
        return address

    def phone(self, mobile: bool) -> str:
        start = MOBILE_RANGE if mobile else self.random.choice(FIXED_RANGES)
        return f"{start} {self.random.randrange(100):02} {self.random.randrange(100):02}"

    def named(self, user_id: int, firstname: str, lastname: str, email: str = "") -> User:
        rng = self.random
        country = rng.choices(("FR", "RE", "GP", "GF"), (92, 4, 3, 1))[0]
        address = email or self.email(firstname, lastname)
        return User(
            user_id,
            address.split("@")[0],
            firstname,
            lastname,
            address,
            city=rng.choice(CITIES[country]).replace("_", " ") if rng.random() < 0.9 else "",
            country=country,
            phone1=self.phone(mobile=False) if rng.random() < 0.12 else "",
            phone2=self.phone(mobile=True) if rng.random() < 0.2 else "",
            institution=rng.choice(SCHOOLS) if rng.random() < 0.6 else "",
            suspended=rng.random() < 0.008,
            maildisplay=0 if rng.random() < 0.03 else 2,
        )

    def plain(self, user_id: int) -> User:
        rng = self.random
        if rng.random() < 0.012:
            return self.named(user_id, "", "")
        lastname = rng.choice(LAST_NAMES)
        if rng.random() < 0.06:
            lastname = f"{lastname}-{rng.choice(LAST_NAMES[:80])}"
        return self.named(user_id, rng.choice(FIRST_NAMES), lastname)

    def odd(self, first_id: int) -> Iterator[User]:
        for offset, (firstname, lastname) in enumerate(ODD_NAMES):
            user = self.named(first_id + offset, firstname, lastname)
            # One suspended account at least, even on a small site.
            user.suspended = user.suspended or firstname == "Ørjan"
            yield user
