"""One web-service call: who asks, with what, and the reading of its parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import errors
from .world import Course, Service, User, World, formatted

PATH = re.compile(r"\[([^\]]*)\]")


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """PHP's reading of `options[0][name]=…`; every level is a dict."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        keys = [name.split("[", 1)[0], *PATH.findall(name)]
        node = tree
        for key in keys[:-1]:
            child = node.setdefault(key, {})
            if not isinstance(child, dict):
                child = node[key] = {}
            node = child
        node[keys[-1] or str(len(node))] = value
    return tree


def integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise errors.invalid_parameter() from None


def listed(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        raise errors.invalid_parameter()
    return list(value.values())


@dataclass
class Call:
    world: World
    function: str
    params: dict[str, Any]
    user: User
    service: Service
    # `moodlewssettingraw=1`: names as they were typed.
    raw: bool = False
    # What faults do to it.
    keep: float | None = None
    poisoned: set[int] = field(default_factory=set)
    # What it cost, for the account.
    ms: float = 0.0
    people: int = 0

    def only(self, *names: str) -> None:
        """Moodle refuses a parameter that the function does not declare."""
        if set(self.params) - set(names):
            raise errors.invalid_parameter()

    def integer(self, name: str, default: int | None = None) -> int:
        if name not in self.params:
            if default is None:
                raise errors.invalid_parameter()
            return default
        return integer(self.params[name])

    def text(self, name: str, default: str | None = None) -> str:
        value = self.params.get(name, default)
        if not isinstance(value, str):
            raise errors.invalid_parameter()
        return value

    def listed(self, name: str) -> list[Any]:
        return listed(self.params.get(name))

    def options(self) -> dict[str, str]:
        """`options[n][name]`, `options[n][value]` as one dict."""
        result: dict[str, str] = {}
        for option in listed(self.params.get("options", {})):
            if not isinstance(option, dict) or set(option) != {"name", "value"}:
                raise errors.invalid_parameter()
            result[option["name"]] = option["value"]
        return result

    def can(self, capability: str, course: Course | None = None) -> bool:
        return self.world.has_capability(self.user, capability, course)

    def require(self, capability: str, course: Course) -> None:
        if not self.can(capability, course):
            raise errors.no_permission(capability)

    def require_access(self, course: Course) -> None:
        if not self.world.can_access(self.user, course):
            raise errors.course_context(course.id)

    def formatted(self, name: str) -> str:
        return name if self.raw else formatted(name)
