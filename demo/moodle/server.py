"""HTTP: Moodle's REST address, `login/token.php`, and the control endpoints of the simulator."""

from __future__ import annotations

import contextlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .api import Api
from .faults import NOT_FOUND_PAGE
from .reply import HTML, JSON, Reply, to_json
from .world import World

CONTROL_HEADER = "X-Control-Token"


class Control:
    """What tests and the demo may ask of the simulator itself, by HTTP."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "/_control/account"): lambda _: world.account.as_dict(),
            ("POST", "/_control/account/reset"): lambda _: world.account.reset(),
            ("GET", "/_control/faults"): lambda _: world.faults.as_list(),
            ("POST", "/_control/faults"): self.add_fault,
            ("POST", "/_control/faults/reset"): lambda _: world.faults.clear(),
            ("POST", "/_control/clock"): self.set_clock,
            ("POST", "/_control/contacted"): self.contacted,
            ("GET", "/_control/world"): self.describe,
        }

    def answer(self, method: str, path: str, raw: bytes) -> Reply:
        route = self.routes.get((method, path))
        if route is None:
            return Reply(404, b"{}", JSON)
        try:
            data = json.loads(raw or b"{}")
            value = route(data)
        except (ValueError, TypeError, KeyError) as error:
            return Reply(400, to_json({"error": str(error)}), JSON)
        return Reply(200, to_json({} if value is None else value), JSON)

    def add_fault(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"kind": self.world.faults.add(**data).kind}

    def set_clock(self, data: dict[str, Any]) -> dict[str, int]:
        if "now" in data:
            self.world.clock.set(int(data["now"]))
        else:
            self.world.clock.advance(int(data["advance"]))
        self.world.touch()
        return {"now": self.world.now()}

    def contacted(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.world.life is None:
            raise ValueError("nothing lives in this world")
        with self.world.lock:
            self.world.catch_up()
            comes_at = self.world.life.contacted(
                user_id=data.get("id"),
                email=data.get("email", ""),
                course_id=int(data["course"]),
                outcome=data["outcome"],
            )
        return {"comes_at": comes_at}

    def describe(self, _: dict[str, Any]) -> dict[str, Any]:
        with self.world.lock:
            self.world.catch_up()
            return {
                "name": self.world.name,
                "release": self.world.release,
                "born": self.world.born,
                "now": self.world.now(),
                "courses": [
                    {"id": c.id, "shortname": c.shortname, "enrolled": len(c.enrolments)}
                    for c in self.world.courses.values()
                ],
            }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: MoodleServer

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.server.world.clock.ahead)

    def do_GET(self) -> None:
        self._serve(urlsplit(self.path).query.encode())

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._serve(self.rfile.read(length))

    def _serve(self, raw: bytes) -> None:
        path = urlsplit(self.path).path
        if path == "/webservice/rest/server.php":
            self._send(self.server.api.rest(raw))
        elif path == "/login/token.php":
            self._send(self.server.api.login(raw))
        elif path.startswith("/_control/"):
            self._send(self._control(path, raw if self.command == "POST" else b""))
        else:
            self._send(Reply(404, NOT_FOUND_PAGE.encode(), HTML))

    def _control(self, path: str, raw: bytes) -> Reply:
        given = self.headers.get(CONTROL_HEADER, "")
        token = self.server.control_token
        if not token or not hmac.compare_digest(given.encode(), token.encode()):
            return Reply(403, b"{}", JSON)
        return self.server.control.answer(self.command, path, raw)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.dropped:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: addresses hold tokens when a client uses GET."""


class MoodleServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, world: World, *, port: int = 0, control_token: str = "", pace: float = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.world = world
        self.api = Api(world, pace=pace)
        self.control = Control(world)
        self.control_token = control_token
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        world.url = self.url

        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the kept-alive connections too: a stopped site must not go on answering."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of ours; anything else is."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            raise


@contextlib.contextmanager
def running(world: World, *, port: int = 0, control_token: str = "", pace: float = 0) -> Iterator[MoodleServer]:
    """Serve a world from a thread of this process: `with running(world) as server: server.url`."""
    server = MoodleServer(world, port=port, control_token=control_token, pace=pace)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.hang_up()
        thread.join()
