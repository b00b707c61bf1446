"""What real Moodle 4.3 and 5.1 answered (`recordings/`, untouched), and the site's state at the time."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recordings"
VERSIONS = ("4.3", "5.1")

SERVICE = "FAKESERVICE000000000000000000000"
TUTOR = "FAKETUTEUR1000000000000000000000"
TEACHER = "FAKEFORMATEUR1000000000000000000"
PARTICIPANT = "FAKEPARTICIPANT00000000000000000"
LOW_RIGHTS = "FAKELOW0000000000000000000000000"
SUSPENDED = "FAKESUSPENDU00000000000000000000"
NOT_ON_THE_LIST = "FAKEHORSLISTE0000000000000000000"
UNKNOWN = "0123456789abcdef0123456789abcdef"

COURSE_A, COURSE_B, COURSE_C, HIDDEN_COURSE = 2, 3, 4, 7
NAMELESS = {15, 16, 17, 18, 19}
SUSPENDED_ACCOUNTS = {26, 27, 28}
# Suspended, expired or not begun.
INACTIVE_ENROLMENTS = {56, 57, 58, 59, 66, 67}

# State of the site → the recordings taken in it; without a state, the others answer.
STATES: dict[str, tuple[str, ...]] = {
    "hidden fields": (
        "enrolled_users/A_participant_hiddenfields",
        "enrolled_users/A_tutor_hiddenfields",
        "enrolled_users/B_service_hiddenfields",
    ),
    "hidden fields, right taken": ("enrolled_users/B_service_hiddenfields_nocap",),
    "phones are identity": (
        "enrolled_users/A_participant_identity_phones",
        "enrolled_users/B_service_identity_phones",
        "enrolled_users/B_tutor_identity_phones",
    ),
    "no accessallgroups": ("enrolled_users/B_service_no_accessallgroups",),
    "no names, no e-mail": ("enrolled_users/B_service_no_fullnames_no_email_caps",),
    "no viewdetails": ("enrolled_users/B_service_no_viewdetails",),
    "A in separate groups": (
        "enrolled_users/A_tutor_separate_groups",
        "enrolled_users/A_tutor_separate_other_group",
    ),
    "script in a first name": (
        "enrolled_users/B_poison_script_firstname",
        "enrolled_users/B_poison_script_userfields",
        "users_by_field_poison",
    ),
    "unclosed tag in a first name": ("enrolled_users/B_name_unclosed_tag",),
    "lone less-than in a first name": ("enrolled_users/B_name_less_than",),
    "country that is not letters": ("enrolled_users/B_poison_country",),
    "markup in a group name": ("course_groups_special_name", "enrolled_users/A_group_special_name"),
    "no enrolreview": ("errors/no_enrolreview_onlyactive",),
    "no course:view": ("errors/no_course_view",),
    "no viewhiddencourses": ("errors/hidden_course_no_cap",),
    "no viewparticipants": ("errors/no_viewparticipants",),
    "no viewparticipants but enrolreview": ("errors/no_viewparticipants_but_enrolreview",),
    "no rest:use": ("errors/no_rest_use",),
    "service disabled": ("errors/service_disabled",),
    "maintenance": ("errors/maintenance", "errors/maintenance_enrolled", "login/token_maintenance"),
    "web services disabled": ("login/token_webservices_disabled",),
    "mobile service disabled": ("login/token_mobile_disabled",),
    "account locked": ("login/token_locked_out",),
    "command-line maintenance": ("errors/cli_maintenance",),
    "database down": ("errors/database_down",),
    "upgrade running": ("errors/upgrade_running",),
    "rest disabled": ("errors/rest_disabled",),
    "address blocked": ("errors/blocked_ip",),
    "expired token": ("errors/expired_token", "errors/expired_token_again"),
}


@cache
def load(version: str, name: str) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads((FOLDER / version / f"{name}.json").read_text(encoding="utf-8"))
    return recording


def body(version: str, name: str) -> Any:
    return load(version, name)["response"]["body"]


@cache
def names(version: str) -> tuple[str, ...]:
    folder = FOLDER / version
    return tuple(sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.json")))


@cache
def stateless(version: str) -> tuple[str, ...]:
    taken_in_a_state = {name for group in STATES.values() for name in group}
    return tuple(name for name in names(version) if name not in taken_in_a_state)
