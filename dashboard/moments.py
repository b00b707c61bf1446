"""Hours of one platform, in its own time zone, so that nobody takes them for the reader's."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats, timezone


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """«14:00», or «14:00 (UTC+4)» where the reader's clock shows another hour."""
    return formats.date_format(moment.astimezone(zone), "TIME_FORMAT") + distance(moment, zone)


def distance(moment: datetime, zone: ZoneInfo) -> str:
    """« (UTC+4)», or nothing where the reader's clock shows the same hour."""
    local = moment.astimezone(zone)
    if local.utcoffset() == timezone.localtime(moment).utcoffset():
        return ""
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    sign, (hours, rest) = ("+" if minutes >= 0 else "−"), divmod(abs(minutes), 60)
    return f" (UTC{sign}{hours}" + (f":{rest:02})" if rest else ")")
