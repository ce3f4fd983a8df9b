"""The one place of the load runner where the time of day is read."""

import time
from datetime import UTC, datetime


def seconds_since_epoch() -> float:
    return time.time()  # noqa: TID251  # this is the door that the rule points to


def rfc3339(seconds: float) -> str:
    """*seconds* since the epoch as RFC 3339 in UTC with milliseconds and a Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
