"""Is there a Moodle at this address, and may Vigie talk to it? Asked without any token."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests

from moodle_sync.client import exchange, payload
from moodle_sync.errors import PASSING, MoodleError, MoodleRefused, Trouble
from moodle_sync.network import checked_session
from moodle_sync.sites import BadAddress, normalised_url

REST = "/webservice/rest/server.php"
LOGIN = "/login/token.php"
TIMEOUT = (4.0, 8.0)
HOPS = 4
PARENTS = 4
"""How many shorter paths are tried when Moodle is not where it was said to be."""
OWN_ADDRESS = re.compile(rb'"wwwroot":"(https?:[^"<>]{1,250})"')


class Verdict(StrEnum):
    READY = "ready"
    ELSEWHERE = "elsewhere"
    UNENCRYPTED = "unencrypted"
    SERVICES_OFF = "services_off"
    PASSING = "passing"
    NOT_MOODLE = "not_moodle"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class Finding:
    url: str
    verdict: Verdict
    code: str = ""
    """Moodle's errorcode or one of `Trouble`, for the words of `explain_code`."""
    offered: str = ""
    """Another address, where a Moodle does answer."""

    @property
    def usable(self) -> bool:
        return self.verdict in {Verdict.READY, Verdict.UNENCRYPTED, Verdict.SERVICES_OFF, Verdict.PASSING}


def probe(url: str, *, https_is_a_guess: bool = False) -> Finding:
    """What answers at this normalised address, and where Moodle is if not there."""
    with checked_session() as session:
        finding = _here(session, url)
        if https_is_a_guess and finding.code in {Trouble.CONNECTION, Trouble.TLS}:
            plain = _here(session, url.replace("https://", "http://", 1))
            finding = plain if plain.verdict != Verdict.NO_ANSWER else finding
            url = finding.url
        if finding.verdict in {Verdict.NOT_MOODLE, Verdict.ELSEWHERE}:
            return _nearby(session, finding)
        if url.startswith("http://"):
            return _encrypted(session, finding)
        return finding


def _here(session: requests.Session, url: str) -> Finding:
    question = f"{url}{REST}?wsfunction=core_webservice_get_site_info&moodlewsrestformat=json"
    try:
        answer, body = exchange(session, "GET", question, None, "probe", timeout=TIMEOUT)
    except MoodleError as exc:
        return Finding(url, Verdict.NO_ANSWER, exc.code)
    if 300 <= answer.status_code < 400:
        return Finding(url, Verdict.ELSEWHERE, Trouble.REDIRECT, _target(url, answer, REST))
    if answer.status_code == 403:
        return Finding(url, _if_moodle(session, url), Trouble.FORBIDDEN)
    if answer.status_code == 503 or answer.status_code == 429:
        return Finding(url, Verdict.PASSING, Trouble.HTTP_5XX)
    return _said(url, body)


def _said(url: str, body: bytes) -> Finding:
    """No token was given: any real Moodle answers with an error of its own, in JSON."""
    try:
        payload(body, "probe")
    except MoodleRefused as exc:
        if exc.code in set(Trouble):
            return Finding(url, Verdict.NOT_MOODLE, exc.code)
        return Finding(url, Verdict.READY)
    except MoodleError as exc:
        return Finding(url, Verdict.PASSING if exc.code in PASSING else Verdict.NOT_MOODLE, exc.code)
    return Finding(url, Verdict.NOT_MOODLE, Trouble.WRONG_SHAPE)


def _if_moodle(session: requests.Session, url: str) -> Verdict:
    """A 403 is Moodle's way to say «web services are off», and everybody else's to say no."""
    try:
        _, body = exchange(session, "GET", url + LOGIN, None, "probe", timeout=TIMEOUT)
        payload(body, "probe")
    except MoodleError as exc:
        return Verdict.NOT_MOODLE if exc.code in set(Trouble) else Verdict.SERVICES_OFF
    return Verdict.NOT_MOODLE


def _target(url: str, answer: requests.Response, suffix: str) -> str:
    """Where a redirect leads, as the address of a home page; empty: nowhere one could go."""
    there = urljoin(url + suffix, answer.headers.get("Location", ""))
    try:
        return normalised_url(there)
    except BadAddress:
        return ""


def _nearby(session: requests.Session, finding: Finding) -> Finding:
    """Follow redirects by hand, then try what Moodle's own pages say, shorter paths, and /moodle."""
    seen = {finding.url}
    for candidate in [*_redirects(session, finding, seen), *_shorter(finding.url)]:
        if candidate in seen:
            continue
        seen.add(candidate)
        if _here(session, candidate).usable:
            return Finding(finding.url, Verdict.ELSEWHERE, finding.code, candidate)
    return Finding(finding.url, Verdict.NOT_MOODLE, finding.code)


def _redirects(session: requests.Session, finding: Finding, seen: set[str]) -> Iterator[str]:
    if finding.offered:
        yield finding.offered
    at = finding.offered or finding.url
    for _hop in range(HOPS):
        try:
            answer, body = exchange(session, "GET", f"{at}/", None, "probe", timeout=TIMEOUT)
        except MoodleError:
            return
        if not 300 <= answer.status_code < 400:
            if own := OWN_ADDRESS.search(body):
                yield _home(own[1].decode("ascii", "replace").replace("\\/", "/"))
            return
        at = _target(at, answer, "/")
        if not at or at in seen:
            return
        yield at


def _home(url: str) -> str:
    try:
        return normalised_url(url)
    except BadAddress:
        return ""


def _shorter(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    for length in range(len(steps) - 1, max(len(steps) - 1 - PARENTS, -1), -1):
        path = "".join(f"/{step}" for step in steps[:length])
        yield urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    if not steps:
        yield f"{url}/moodle"


def _encrypted(session: requests.Session, finding: Finding) -> Finding:
    """Over http anybody on the way reads the token: the same site over https is offered if it answers."""
    if not finding.usable:
        return finding
    secure = finding.url.replace("http://", "https://", 1)
    if _here(session, secure).verdict == Verdict.READY:
        return Finding(finding.url, Verdict.ELSEWHERE, Trouble.REDIRECT, secure)
    if finding.verdict == Verdict.READY:
        return Finding(finding.url, Verdict.UNENCRYPTED)
    return finding
