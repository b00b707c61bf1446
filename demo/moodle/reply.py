"""One HTTP answer, and Moodle's two ways to write a value: JSON and its own XML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

HTML = "text/html; charset=utf-8"
JSON = "application/json"
XML = "application/xml; charset=utf-8"
REST_HEADERS = {
    "Cache-Control": "private, must-revalidate, pre-check=0, post-check=0, max-age=0",
    "Access-Control-Allow-Origin": "*",
}


@dataclass
class Reply:
    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    # Announce the whole body, send half, hang up.
    dropped: bool = False


def to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "<MULTIPLE>\n" + "".join(_value(item) for item in value) + "</MULTIPLE>\n"
    if isinstance(value, dict):
        keys = (f'<KEY name="{escape(name)}">{_value(item)}</KEY>\n' for name, item in value.items())
        return "<SINGLE>\n" + "".join(keys) + "</SINGLE>\n"
    if value is None:
        return '<VALUE null="null"/>\n'
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return f"<VALUE>{escape(text)}</VALUE>\n"


def to_xml(value: Any) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8" ?>\n'
    return f"{head}<RESPONSE>\n{_value(value)}</RESPONSE>\n".encode()


def error_to_xml(error: dict[str, str]) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        f'<EXCEPTION class="{escape(error["exception"])}">\n'
        f"<ERRORCODE>{escape(error['errorcode'])}</ERRORCODE>\n"
        f"<MESSAGE>{escape(error['message'])}</MESSAGE>\n</EXCEPTION>\n"
    ).encode()


def rest_reply(value: Any, as_json: bool) -> Reply:
    if as_json:
        return Reply(200, to_json(value), JSON, dict(REST_HEADERS))
    return Reply(200, to_xml(value), XML, dict(REST_HEADERS))


def rest_error(error: dict[str, str], as_json: bool) -> Reply:
    if as_json:
        return Reply(200, to_json(error), JSON, dict(REST_HEADERS))
    return Reply(200, error_to_xml(error), XML, dict(REST_HEADERS))
