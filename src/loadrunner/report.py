"""What a run saw, in one JSON object that fits into a container's termination message.

    {"schema": 1, "check": "performance", "interrupted": false,
     "started_at": "...Z", "ended_at": "...Z",          first request sent, last answer received; null without requests
     "requests": 150, "failures": 2, "failure_ratio": 0.0133,
     "average_ms": 12.1, "p50_ms": 11.0, "p95_ms": 20.3, "p99_ms": 31.0,       null without requests
     "errors": [{"method": "POST", "name": "/carts/{id}/items", "error": "HTTP 500: ...", "count": 2}]}

A task that raised counts as a failed request with the method TASK, and has no part in the times. A run that could not
take place is `{"schema": 1, "check": ..., "error": "..."}`.
"""

import json
import math
from array import array
from collections import Counter
from collections.abc import Mapping

from loadrunner.clock import rfc3339

SCHEMA = 1
# Kubernetes keeps so much of a termination message.
MAX_BYTES = 4096
_MAX_ERRORS = 5
_MAX_TEXT = 200
# A character may take four bytes, and a quotation mark or line end two.
_MAX_REASON = MAX_BYTES // 5
# A service that puts an id into each error's text must not fill the memory.
_MAX_KINDS_OF_ERROR = 100


class Recorder:
    """Collects the answers of one run."""

    def __init__(self) -> None:
        self._times_ms = array("d")
        self._failures = 0
        self._crashes = 0
        self._first_sent = math.inf
        self._last_received = -math.inf
        self._errors: Counter[tuple[str, str, str]] = Counter()

    def answered(self, *, sent: float, milliseconds: float) -> None:
        """*sent* in seconds since the epoch."""
        self._times_ms.append(milliseconds)
        self._first_sent = min(self._first_sent, sent)
        self._last_received = max(self._last_received, sent + milliseconds / 1000)

    def failed(self, *, method: str, name: str, error: str) -> None:
        """One of the answered requests failed."""
        self._failures += 1
        self._count(method, name, error)

    def crashed(self, *, task: str, error: str) -> None:
        """A task of the Locust file raised."""
        self._crashes += 1
        self._count("TASK", task, error)

    def report(self, *, check: str, interrupted: bool) -> dict[str, object]:
        requests = len(self._times_ms) + self._crashes
        failures = self._failures + self._crashes
        times = sorted(self._times_ms)
        return {
            "schema": SCHEMA,
            "check": check,
            "interrupted": interrupted,
            "started_at": rfc3339(self._first_sent) if times else None,
            "ended_at": rfc3339(self._last_received) if times else None,
            "requests": requests,
            "failures": failures,
            "failure_ratio": round(failures / requests, 6) if requests else 0.0,
            "average_ms": round(sum(times) / len(times), 3) if times else None,
            "p50_ms": _percentile(times, 50),
            "p95_ms": _percentile(times, 95),
            "p99_ms": _percentile(times, 99),
            "errors": [
                {"method": method, "name": name, "error": error, "count": count}
                for (method, name, error), count in self._errors.most_common(_MAX_ERRORS)
            ],
        }

    def _count(self, method: str, name: str, error: str) -> None:
        key = (method[:20], _cut(name), _cut(error))
        if key not in self._errors and len(self._errors) >= _MAX_KINDS_OF_ERROR:
            key = ("", "", "other errors")
        self._errors[key] += 1


def could_not_run(check: str, error: str) -> dict[str, object]:
    return {"schema": SCHEMA, "check": check, "error": error[:_MAX_REASON]}


def one_line(report: Mapping[str, object]) -> str:
    """JSON of at most MAX_BYTES: where it would be longer, the rarest errors are left out."""
    text = json.dumps(report, ensure_ascii=False)
    errors = report.get("errors")
    while len(text.encode()) > MAX_BYTES and isinstance(errors, list) and errors:
        errors = errors[:-1]
        text = json.dumps({**report, "errors": errors}, ensure_ascii=False)
    return text


def _percentile(times: list[float], percent: int) -> float | None:
    """By nearest rank: a value that was measured."""
    if not times:
        return None
    return round(times[math.ceil(len(times) * percent / 100) - 1], 3)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
