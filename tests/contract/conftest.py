"""One set of assertions, four sites: the simulated Moodle and the replayed recordings, in both versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from demo.moodle import running

from . import simulated
from .recordings import SERVICE, VERSIONS
from .replay import Replay, replaying

Params = dict[str, str]


class Site:
    def __init__(self, kind: str, version: str, url: str, set_state: Callable[[str], None]) -> None:
        self.kind = kind
        self.version = version
        self.url = url
        self.set_state = set_state
        self.session = requests.Session()

    def call(self, function: str, params: Params | None = None, *, token: str = SERVICE) -> requests.Response:
        form = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json", **(params or {})}
        return self.post("/webservice/rest/server.php", form)

    def post(self, path: str, form: Params) -> requests.Response:
        return self.session.post(self.url + path, form, timeout=10, allow_redirects=False)

    def get(self, function: str, params: Params | None = None, *, token: str = SERVICE) -> Any:
        response = self.call(function, params, token=token)
        assert response.status_code == 200, response.text
        return response.json()

    def people(self, course: int, *, token: str = SERVICE, **options: object) -> Any:
        params = {"courseid": str(course)}
        for index, (name, value) in enumerate(options.items()):
            params |= {f"options[{index}][name]": name, f"options[{index}][value]": str(value)}
        return self.get("core_enrol_get_enrolled_users", params, token=token)


SITES = [(kind, version) for kind in ("simulated", "replay") for version in VERSIONS]


@pytest.fixture(params=SITES, ids=lambda site: "-".join(site))
def moodle(request: pytest.FixtureRequest) -> Iterator[Site]:
    kind, version = request.param
    if kind == "replay":
        with replaying(version) as replay:

            def replay_state(state: str) -> None:
                replay.state = state

            yield Site(kind, version, replay.url, replay_state)
        return
    world = simulated.contract_world(version)
    with running(world) as server:
        yield Site(kind, version, server.url, lambda state: simulated.STATES[state](world))


@pytest.fixture(params=VERSIONS)
def replay(request: pytest.FixtureRequest) -> Iterator[Replay]:
    """The recordings alone, as a site: for tests of the client and of the sync."""
    with replaying(request.param) as site:
        yield site
