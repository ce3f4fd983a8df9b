"""Times and numbers as the pages write them."""

import math
from datetime import datetime

from lockgate.console.context import Lapse
from lockgate.evaluation.numbers import readable
from lockgate.kit.clock import rfc3339


def lapse(start: datetime | None, end: datetime | None, now: datetime) -> Lapse | None:
    """None before it started; the page goes on counting while it has no end."""
    if start is None:
        return None
    text = seconds_text(((end or now) - start).total_seconds())
    return Lapse(text=text) if end else Lapse(text=text, since=rfc3339(start))


def seconds_text(seconds: float) -> str:
    """`8 s`, `1 min 05 s`, `2 h 03 min`; static/ticking.js writes the same."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return readable(value)


def measured(value: float) -> str:
    """Six significant digits: 1.0004 must not look like a limit of 1."""
    return f"{value:.6g}" if math.isfinite(value) else number(value)


def day_and_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def time_of_day(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S")
