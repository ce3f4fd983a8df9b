"""The one place of the demo application where the time of day is read."""

from datetime import UTC, datetime


def rfc3339_now() -> str:
    """RFC 3339 in UTC with milliseconds and a Z."""
    moment = datetime.now(UTC)  # noqa: TID251  # this is the door that the rule points to
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
