"""What scripts/messages.py finds in templates is what Django looks up when it renders them."""

from __future__ import annotations

import io

import pytest
from django.template import Context, Template
from django.utils.translation import trans_real

from config.launch.system import REPOSITORY

TEMPLATES = {
    "translate": '{% translate "Hello" %}',
    "per cent": '{% translate "It is 100% done" %}',
    "context": '{% translate "May" context "month" %}',
    "as": "{% translate 'Title' as title %}{{ title }}",
    "block": "{% blocktranslate with who=name %}Hi {{ who }}, 5% off{% endblocktranslate %}",
    "trimmed": "{% blocktranslate trimmed %}\n  two\n  lines\n{% endblocktranslate %}",
    "plural": (
        "{% blocktranslate trimmed count n=3 %}\n {{ n }} person\n{% plural %}\n {{ n }} people{% endblocktranslate %}"
    ),
    "variable": '{{ _("constant") }}',
    "filter": '{{ nothing|default:_("argument")|upper }}',
    "two filters": '{{ nothing|default:_("one | two")|default:_("three") }}',
    "tag": '{% if _("left") == _("right") %}{% endif %}',
    "with": '{% with a=_("inner") %}{{ a }}{% endwith %}',
}


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))


def flat(message: object) -> list[str]:
    return [str(part) for part in message] if isinstance(message, tuple) else [str(message)]


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_are_read_as_django_reads_them(name: str, scripts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from template_messages import extract_template

    asked: list[list[str]] = []

    class Recorder:
        def gettext(self, message: str) -> str:
            asked.append(message.split("\x04"))
            return message

        def ngettext(self, singular: str, plural: str, number: int) -> str:
            asked.append([singular, plural])
            return plural

    monkeypatch.setattr(vars(trans_real)["_active"], "value", Recorder(), raising=False)
    source = TEMPLATES[name]
    Template("{% load i18n %}" + source).render(Context({"name": "Ana"}))
    found = [flat(message) for _, _, message, _ in extract_template(io.BytesIO(source.encode()), (), (), {})]
    assert asked
    for lookup in asked:
        assert lookup in found


@pytest.mark.parametrize(
    ("french", "fault"),
    [
        ("Bonjour %(name)s", None),
        ("Bonjour", "placeholders"),
        ("Bonjour %(nom)s", "placeholders"),
        ("", "no French"),
        ("L'accès de %(name)s", "typography"),
        ("Bonjour %(name)s !", "typography"),
        ("Bonjour %(name)s\u202f!", None),
    ],
)
def test_faults_of_a_translation_are_found(french: str, fault: str | None, scripts: None) -> None:
    from babel.messages.catalog import Message
    from messages import faults

    found = list(faults(Message("Hello %(name)s", french)))
    assert [text.split()[0] for text in found] == ([fault.split()[0]] if fault else [])


def test_a_singular_may_leave_its_number_out_and_a_plural_not(scripts: None) -> None:
    from babel.messages.catalog import Message
    from messages import faults

    english = ("%(n)s person", "%(n)s people")
    assert list(faults(Message(english, ("une personne", "%(n)s personnes")))) == []
    assert len(list(faults(Message(english, ("%(n)s personne", "des personnes"))))) == 1


def test_the_scripts_are_python_of_any_age() -> None:
    """The set-up has to run on a Python that is too old, to say so."""
    import ast

    source = (REPOSITORY / "scripts" / "setup.py").read_text()
    assert isinstance(ast.parse(source, feature_version=(3, 7)), ast.Module)
