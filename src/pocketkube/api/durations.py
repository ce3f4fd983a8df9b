"""Durations as kubectl writes them: 5s, 3m20s, 4h, 2d3h."""

from datetime import datetime, timedelta

from pocketkube.kit.clock import parse_time
from pocketkube.objects.kinds import KubeObject

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86_400, 365 * 86_400


def human(span: timedelta) -> str:
    """At most two units, and two only while the second still says something."""
    seconds = int(span.total_seconds())
    if seconds < -1:
        return "<invalid>"
    seconds = max(seconds, 0)
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 3 * _HOUR:
        return _pair(seconds, _MINUTE, "m", 1, "s", until=10)
    if seconds < 2 * _DAY:
        return _pair(seconds, _HOUR, "h", _MINUTE, "m", until=8)
    if seconds < 2 * _YEAR:
        return _pair(seconds, _DAY, "d", _HOUR, "h", until=8)
    return _pair(seconds, _YEAR, "y", _DAY, "d", until=8)


def since(moment: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 moment was."""
    return human(now - parse_time(moment)) if moment else "<unknown>"


def age(obj: KubeObject, now: datetime) -> str:
    """How old an object is."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def _pair(seconds: int, unit: int, name: str, smaller: int, smaller_name: str, *, until: int) -> str:
    count, rest = seconds // unit, seconds % unit // smaller
    if count >= until or rest == 0:
        return f"{count}{name}"
    return f"{count}{name}{rest}{smaller_name}"
