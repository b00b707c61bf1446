"""The four questions of a call: what the person knows says why they have not come in."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.enums import Cause


class Answer(TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNASKED = "unasked", "?"


@dataclass(frozen=True)
class Question:
    """`yes` and `no`: the answer in words, for the timeline. `cause`: what a «no» suggests."""

    key: str
    text: str | Promise
    yes: str | Promise
    no: str | Promise
    cause: Cause

    @property
    def field(self) -> str:
        return f"knows_{self.key}"


QUESTIONS = [
    Question(
        "address",
        _("Platform’s address known?"),
        _("platform’s address known"),
        _("platform’s address unknown"),
        Cause.WRONG_URL,
    ),
    Question(
        "credentials", _("Credentials known?"), _("credentials known"), _("credentials unknown"), Cause.CREDENTIALS
    ),
    Question(
        "enrolment",
        _("Enrolment known?"),
        _("enrolment known"),
        _("enrolment unknown"),
        Cause.UNAWARE_ENROLLED,
    ),
    Question("opening", _("Opening known?"), _("opening known"), _("opening unknown"), Cause.UNAWARE_STARTED),
]
BY_ROOT = ["enrolment", "opening", "address", "credentials"]
"""Who does not know of the enrolment cannot know the rest: the first «no» in this order is the cause."""


def suggested(answers: Mapping[str, bool]) -> Cause | None:
    causes = {question.key: question.cause for question in QUESTIONS}
    return next((causes[key] for key in BY_ROOT if answers.get(key) is False), None)


def in_words(answers: Mapping[str, bool]) -> list[str]:
    return [str(q.yes if answers[q.key] else q.no) for q in QUESTIONS if q.key in answers]
