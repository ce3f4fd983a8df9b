"""The one place where the time of day is read."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # this is the door that the rule points to


def rfc3339(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and a Z, the form every event and file of Lockgate uses."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """Raises ValueError when *text* is no RFC 3339 time or names no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC: write it as 2026-11-22T21:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is before the year 1 or after 9999 in UTC") from error
