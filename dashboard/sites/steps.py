"""The four steps, as they are shown above each of them, and what an address turned out to be."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moodle_sync.errors import Trouble
from moodle_sync.explain import MOODLE_ADMIN, Explanation, explain_code
from moodle_sync.login import YOU
from moodle_sync.probe import Finding, Verdict

NAMES = [_("Address"), _("Token"), _("What Vigie can read"), _("Courses to follow")]


@dataclass(frozen=True)
class Step:
    number: int
    name: str | Promise
    is_done: bool
    is_current: bool


def steps(current: int) -> list[Step]:
    return [Step(n, name, n < current, n == current) for n, name in enumerate(NAMES, start=1)]


def explain_finding(finding: Finding) -> Explanation:
    if finding.verdict == Verdict.ELSEWHERE:
        if finding.offered == finding.url.replace("http://", "https://", 1):
            what = _("This Moodle also answers over https, where nobody on the way can read the token.")
        else:
            what = _("Moodle is not at this address, but there is one nearby. Nothing was sent to it.")
        return Explanation(what, YOU, _("Is it this one?"))
    if finding.verdict == Verdict.UNENCRYPTED:
        return Explanation(
            _("This Moodle answers over http only: anybody on the way could read the token and people’s data."),
            MOODLE_ADMIN,
            _("Ask for https. On your own network only, you may go on."),
        )
    if finding.code in {Trouble.CONNECTION, Trouble.TIMEOUT}:
        return Explanation(
            _("Nothing answers at this address."),
            YOU,
            _("Open it in the browser. If Moodle is there, ask those who run its network to let this server reach it."),
        )
    if finding.verdict == Verdict.NOT_MOODLE and finding.code not in {"vigie_redirect"}:
        return Explanation(
            _("Something answers at this address, but not a Moodle’s web service."),
            YOU,
            _(
                "Open Moodle in the browser and copy the address of its home page. If it is right, the Moodle "
                "administrator may have blocked this server’s address."
            ),
        )
    return explain_code(finding.code)
