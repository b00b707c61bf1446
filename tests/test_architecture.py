"""Laws of the source itself: what no reviewer should have to look for twice."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import allauth
import pytest
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
OURS = ("accounts", "config", "dashboard", "demo", "moodle_sync")
ALL_TEMPLATES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())
PAGES = [name for name in ALL_TEMPLATES if name.endswith(".html")]
BY_DJANGO = {"403.html", "403_csrf.html", "404.html", "500.html"}
"""Pages that Django finds by their names."""
THEIRS = Path(allauth.__file__).parent / "templates"


def _sources(*folders: str, suffixes: Iterable[str] = (".py",)) -> dict[str, str]:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _text(name: str) -> str:
    """A template without its comments, which nobody is sent."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    text = re.sub(r"{% comment.*?{% endcomment %}", "", text, flags=re.DOTALL)
    return re.sub(r"{#.*?#}", "", text)


# Templates


@pytest.mark.parametrize("name", ALL_TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


def test_every_template_is_used() -> None:
    """By its name, in our Python or in another template; or by allauth, where it takes the place of theirs."""
    written = "\n".join([*_sources(*OURS).values(), *(_text(name) for name in ALL_TEMPLATES)]).replace("'", '"')
    ours = [name for name in ALL_TEMPLATES if name not in BY_DJANGO and not (THEIRS / name).exists()]
    assert [name for name in ours if f'"{name}"' not in written] == []


def test_what_is_included_is_named_a_fragment() -> None:
    for name in PAGES:
        for included in re.findall(r"""{% include ['"]([^'"]+)['"]""", _text(name)):
            assert Path(included).name.startswith("_"), f"{name} includes {included}"


def test_a_fragment_is_no_page() -> None:
    fragments = [name for name in PAGES if Path(name).name.startswith("_")]
    assert fragments
    for name in fragments:
        assert "{% extends" not in _text(name), name
        assert "<html" not in _text(name), name


@pytest.mark.parametrize("name", PAGES)
def test_the_content_security_policy_is_kept(name: str) -> None:
    text = _text(name)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "an inline script"
    assert not re.search(r"<style\b", text), "an inline style sheet"
    assert not re.search(r"""\sstyle\s*=""", text), "an inline style"
    assert not re.search(r"""\son[a-z]+\s*=\s*["']""", text), "an inline handler"
    assert not re.search(r"""\bhx-on\b|\bhx-vals=['"]js:|\bhx-vars\b""", text), "evaluated by htmx"
    assert "javascript:" not in text
    loaded = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["'](?:https?:)?//""", text)
    assert not loaded, "something from another host"


@pytest.mark.parametrize("name", PAGES)
def test_everything_is_escaped_in_pages(name: str) -> None:
    text = _text(name)
    assert not re.search(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off", text)


@pytest.mark.parametrize("name", PAGES)
def test_forms_that_change_something_are_protected(name: str) -> None:
    for form in re.findall(r"<form\b[^>]*>.*?</form>", _text(name), flags=re.DOTALL):
        opening = form[: form.index(">")]
        if re.search(r"""method=["']post["']""", opening, re.IGNORECASE):
            assert "{% csrf_token %}" in form, opening


# Python


def test_nothing_marks_a_string_as_safe() -> None:
    for name, text in _sources(*OURS).items():
        assert not re.search(r"\bmark_safe\b|\bSafeString\(|\bSafeText\b", text), name


def test_nothing_evaluates_text() -> None:
    for name, text in _sources(*OURS).items():
        assert not re.search(r"(?<![\w.])(?:eval|exec)\(|\bpickle\b|\byaml\.load\(", text), name
        assert not re.search(r"\.(?:raw|extra)\(\s*f?[\"']", text), name


def test_no_exception_is_swallowed() -> None:
    for name, text in _sources(*OURS).items():
        assert not re.search(r"except\s*:", text), name
        assert not re.search(r"except (?:Base)?Exception[^\n]*:\n\s+pass\b", text), name


def test_files_stay_small() -> None:
    """About 250 lines is what one reads in one go."""
    sizes = {name: text.count("\n") for name, text in _sources(*OURS).items() if "/migrations/" not in name}
    assert {name: lines for name, lines in sizes.items() if lines > 320} == {}


# Configuration


def test_every_variable_that_settings_read_is_documented() -> None:
    read = set()
    for text in _sources("config/settings").values():
        read |= set(re.findall(r"""\benv\.\w+\(\s*["']([A-Z_]+)["']""", text))
    for text in _sources("config").values():
        read |= set(re.findall(r"""\benviron(?:\.get\(|\[)\s*["']([A-Z_]+)["']""", text))
    read |= set(re.findall(r"""number\(["']([A-Z_]+)["']""", (ROOT / "config/env.py").read_text()))
    documented = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert read - {"PATH", "PYTHONSAFEPATH"} <= set(documented)


def test_the_examples_hold_no_secret() -> None:
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Z_]*(?:SECRET|KEY|PASSWORD|TOKEN)[A-Z_]*)=(.*)", line):
            assert match[2] == "", match[1]


# What a clone must not carry


def _readable(paths: Iterable[Path]) -> Iterable[tuple[str, str]]:
    for path in paths:
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture, a font


def test_no_file_names_a_machine_or_a_package_index() -> None:
    private = re.compile(r"/(?:home|root|Users)/\w|--(?:extra-)?index-url|^registry\s*=", re.MULTILINE)
    me = Path(__file__).relative_to(ROOT).as_posix()
    found = [name for name, text in _readable(_tracked()) if name != me and private.search(text)]
    assert found == []


def test_the_locks_carry_no_download_address() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE), lock.name
        pinned = re.findall(r"^[a-z0-9][^\s=]*==", text, re.MULTILINE | re.IGNORECASE)
        assert pinned, lock.name
        assert text.count("--hash=sha256:") >= len(pinned), lock.name


def test_addresses_of_people_are_reserved_ones() -> None:
    """Demo, tests and docs name only addresses that can reach nobody (RFC 2606)."""
    address = re.compile(r"[\w.+-]+@((?:[\w-]+\.)+[a-z]{2,})\b", re.IGNORECASE)
    allowed = re.compile(r"(?:^|\.)(?:example\.(?:org|com|net)|example|invalid|test|localhost)$")
    checked = [path for path in _tracked() if path.suffix in {".py", ".md", ".html", ".txt", ".example"}]
    checked = [path for path in checked if "requirements" not in path.parts and "recordings" not in path.parts]
    found = {
        (name, match[0])
        for name, text in _readable(checked)
        for match in address.finditer(text)
        if not allowed.search(match[1].lower())
    }
    assert found == set()


def test_no_word_of_scoring_reaches_the_screen() -> None:
    """The ministry's commitment (product.md §1): nobody is counted, timed or ranked."""
    banned = re.compile(
        r"\b(?:temps passé|time spent|nombre de clics|click count|classement|ranking|leaderboard)\b", re.I
    )
    texts = _sources("templates", "locale", suffixes=(".html", ".txt", ".po"))
    assert [name for name, text in texts.items() if banned.search(text)] == []


def test_the_interface_is_without_gender() -> None:
    """Neither «(e)», nor median points, nor doubled forms: product.md §2."""
    gendered = re.compile(
        r"\w(?:\(e\)|\(ne\)|\(trice\)|[·•]e\b|[·•]ne\b|[·•]trice)|\b(?:il ou elle|celui ou celle)\b", re.I
    )
    texts = _sources("templates", "locale", suffixes=(".html", ".txt", ".po"))
    assert [name for name, text in texts.items() if gendered.search(text)] == []
