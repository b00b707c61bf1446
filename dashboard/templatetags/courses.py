"""The stacked bar of the five access states. In Python: a page of fifty courses draws 250 segments."""

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboard.courses.counts import AccessCounts, Segment
from moodle_sync.text import grouped

register = template.Library()


@register.simple_tag
def access_bar(counts: AccessCounts) -> SafeString:
    """Only the drawing, told in words to who cannot see it."""
    words = ", ".join(f"{_label(part)} {grouped(part.count)}" for part in counts.segments) or _("Nobody enrolled")
    parts = format_html_join(
        "",
        '<rect class="f-{}" x="{}" width="{}" height="100%"/>',
        ((part.css, part.x, part.width) for part in counts.segments),
    )
    return format_html('<svg class="vg-bar" role="img" aria-label="{}">{}</svg>', words, parts)


@register.simple_tag(takes_context=True)
def access_figures(
    context: dict[str, Any], counts: AccessCounts, course: int, group: int | str | None = None
) -> SafeString:
    """Its figures; each leads to the people behind it, for who may meet them."""
    if not counts.people:
        return format_html('<span class="vg-bls m">{}</span>', _("Nobody enrolled"))
    place = f"?course={course}" + (f"&group={group}" if group else "") + "&access="
    roster = context["roster_url"] + place if context["sees_people"] else ""
    return format_html(
        '<span class="vg-bls">{}</span>',
        format_html_join("", "{}", ((_figure(part, roster),) for part in counts.segments)),
    )


def _figure(part: Segment, roster: str) -> SafeString:
    inside = format_html(
        '<svg class="vg-g {}" aria-hidden="true"><use href="#g-{}"/></svg><span class="visually-hidden">{} </span>{}',
        part.css,
        part.css,
        _label(part),
        grouped(part.count),
    )
    if roster:
        return format_html('<a class="vg-bl plain" href="{}{}">{}</a>', roster, part.access.value, inside)
    return format_html('<span class="vg-bl">{}</span>', inside)


def _label(part: Segment) -> str:
    # Outside the f-string: before Python 3.12 a message inside one is not extracted.
    colon = pgettext("before a figure", ":")
    return f"{part.access.label}{colon}"
