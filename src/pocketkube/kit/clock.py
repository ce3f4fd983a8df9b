"""The time of day, taken as an argument everywhere so that a test can say what it is."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; always aware, always UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # The one place where the machine's clock is read.


def timestamp(clock: Clock) -> str:
    """RFC 3339 with whole seconds and a Z, the form of metav1.Time: 2026-11-22T21:00:00Z."""
    return format_time(clock.now())


def format_time(moment: datetime) -> str:
    """RFC 3339 with whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """The aware moment that an RFC 3339 text names; ValueError if it names none or has no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write for example 2026-11-22T21:00:00Z")
    return moment.astimezone(UTC)
