"""A simulated Moodle, over HTTP, that speaks the REST protocol as recorded from real 4.3 and 5.1 sites.

It needs nothing but the standard library. In a test, in a thread of the same process:

    from demo.moodle import running
    from demo.moodle.big import TOKEN, big_world

    with running(big_world(participants=200)) as server:
        requests.post(f"{server.url}/webservice/rest/server.php", {"wstoken": TOKEN, …})
        server.world.account.ms  # what the calls would have cost a real Moodle

As a process of its own (it prints `ready http://127.0.0.1:PORT`, and ends on SIGTERM or with its parent):

    python -m demo.moodle --world ouest --port 0 --control-token SECRET [--born UNIX] [--speed 30]
                          [--journal FILE] [--paced | --pace 10]

Worlds: `ouest` (5.1, dedicated service with every right), `nord` (4.3, a tutor's own mobile token),
`big:20000` or `big:20000x4` (large and still). Tokens and courses are constants in `worlds` and `big`.

Build another one with `World`, `add_user`, `add_course`, `add_group`, `enrol`, `add_token`; change it
between two calls as you like, or from `world.before_call`, a list of functions called with each call.
`world.clock` can be set; `world.faults.add(kind, …)` breaks things (see `faults`); `world.account` adds up
the costs (see `costs`); `world.life` makes people come in (see `life`).

Over HTTP, with the header `X-Control-Token`: GET `/_control/account`, `/_control/faults`, `/_control/world`;
POST (JSON) `/_control/account/reset`, `/_control/faults` (`{"kind": "slow", "seconds": 2}`),
`/_control/faults/reset`, `/_control/clock` (`{"now": …}` or `{"advance": …}`) and `/_control/contacted`
(`{"email" or "id": …, "course": 2, "outcome": "will_connect"}`: they were contacted and are likelier to
come in).
"""

from .server import MoodleServer, running
from .world import Course, Enrolment, Group, Token, User, World

__all__ = ["Course", "Enrolment", "Group", "MoodleServer", "Token", "User", "World", "running"]
