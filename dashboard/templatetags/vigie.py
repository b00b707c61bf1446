"""The visual language in templates: icons, access glyphs, follow-up badges, relative times."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard.enums import State
from dashboard.moments import distance
from moodle_sync.enums import Access

register = template.Library()
CHECKED = " checked"

STATE_ICONS = {
    State.TODO: "inbox",
    State.REMINDED: "send",
    State.CALLBACK: "calendar-clock",
    State.CONTACTED: "message-2-check",
    State.BLOCKED: "lock",
    State.WAITING: "hourglass-empty",
    State.CLOSED_IN: "door-enter",
    State.CLOSED_OUT: "archive",
}


# Drawn some hundred times a page and always alike: kept once drawn.
@register.simple_tag
@cache
def icon(name: str, size: str = "") -> SafeString:
    """One pictogram of the sprite, decorative: the word stands beside it, or in `aria-label`."""
    css = f"vg-i vg-i-{size}" if size else "vg-i"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("icons.svg"), name)


@register.simple_tag
@cache
def access_glyph(access: str) -> SafeString:
    """The round of one access state; the words stand beside it."""
    name = css_name(access)
    return format_html('<svg class="vg-g {}" aria-hidden="true"><use href="#g-{}"/></svg>', name, name)


@register.simple_tag
def state_icon(state: str) -> SafeString:
    return icon(STATE_ICONS[State(state)])


@register.simple_tag
def state_badge(state: str) -> SafeString:
    return format_html('<span class="vg-fu {}">{}{}</span>', css_name(state), state_icon(state), State(state).label)


@register.filter
def css_name(value: str) -> str:
    """`never_platform` → `never-platform`, as the style sheet names it."""
    return str(value).replace("_", "-")


@register.filter
def of_key(values: Mapping[str, object] | None, key: str) -> object:
    """What a mapping has for a key that only the template's own variable knows."""
    return values.get(key) if values else None


@register.simple_tag
def access_label(access: str) -> str:
    return str(Access(access).label)


@register.simple_tag
def since(value: datetime | None, zone: ZoneInfo | None = None) -> SafeString | str:
    """«16 d ago», with the exact time on hover and on focus (static/tip.js). Nothing for no date.

    What is about one platform is told in its own time zone.
    """
    return _time(value, zone, '<time class="vg-time" tabindex="0" datetime="{}" title="{}" data-exact>{}</time>')


@register.simple_tag
def since_in_row(value: datetime | None, zone: ZoneInfo | None = None) -> SafeString | str:
    """The same where fifty times would be as many stops of the keyboard: the row's name tells them all."""
    return _time(value, zone, '<time class="vg-time" datetime="{}" title="{}" data-exact>{}</time>')


def _time(value: datetime | None, zone: ZoneInfo | None, element: str) -> SafeString | str:
    if value is None:
        return ""
    return format_html(element, value.isoformat(timespec="minutes"), exact_time(value, zone), elapsed(value))


def exact_time(value: datetime, zone: ZoneInfo | None = None) -> str:
    words = formats.date_format(timezone.localtime(value, zone), _("l j F Y, H:i"))
    return words + distance(value, zone) if zone else words


def elapsed(value: datetime, now: datetime | None = None) -> str:
    minutes = max(int(((now or timezone.now()) - value).total_seconds() // 60), 0)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return ngettext("%(n)s min ago", "%(n)s min ago", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        return ngettext("%(n)s h ago", "%(n)s h ago", minutes // 60) % {"n": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(n)s d ago", "%(n)s d ago", days) % {"n": days}


@register.simple_tag
def check_list(name: str, choices: Iterable[tuple[str, str]], chosen: Collection[str] | None) -> SafeString:
    """One box per choice. In Python: a coordinator has hundreds of sessions, and a template per box takes its time."""
    picked = set(chosen or ())
    return format_html_join("", "{}", ((_box(name, value, str(label), value in picked),) for value, label in choices))


@lru_cache(maxsize=5_000)
def _box(name: str, value: str, label: str, checked: bool) -> SafeString:
    return format_html(
        '<label class="vg-item"><input class="form-check-input" type="checkbox" name="{}" id="f-{}-{}" value="{}"{}>'
        "<span>{}</span></label>",
        name,
        name,
        value,
        value,
        CHECKED if checked else "",
        label,
    )


@register.simple_tag
def initials(user: User) -> SafeString:
    return format_html('<span class="vg-ava" aria-hidden="true">{}</span>', user.initials)
