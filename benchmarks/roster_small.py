"""The tutor's roster among 10,000 enrolments: what it costs that there are a hundred times as many elsewhere."""

from benchmarks.roster import of_user, ready
from benchmarks.roster_data import SMALL


def measure() -> dict[str, float]:
    team = ready(SMALL)
    return {"roster_ms_p95_tutor_10000": of_user("tutor", team, team.tutor)}
