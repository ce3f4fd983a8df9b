"""What the load runner left behind: one JSON object in its container's termination message."""

import json
from collections.abc import Mapping
from typing import Any

from lockgate.domain.evaluation import Window
from lockgate.domain.testing import CheckResult, CheckTrouble
from lockgate.kit.clock import parse_rfc3339

_SCHEMA = 1


def parse_report(text: str, container: Window | None) -> CheckResult | CheckTrouble:
    """*container*: from when to when it ran, which is the window of a run that sent no request. A text that is no
    report is trouble: what cannot be read is never taken for a success."""
    try:
        report = json.loads(text)
        if not isinstance(report, dict) or report.get("schema") != _SCHEMA:
            raise ValueError(f"the field schema must be {_SCHEMA}")
        return _result(report, container)
    except (ValueError, TypeError, KeyError) as error:
        return CheckTrouble(f"its container's termination message is not a report ({error}): {text[:200]!r}")


def _result(report: Mapping[str, Any], container: Window | None) -> CheckResult | CheckTrouble:
    if "error" in report:
        return CheckTrouble(str(report["error"]))
    if report.get("interrupted"):
        return CheckTrouble("it was interrupted before its time was up: send the artifact again")
    requests, failures = _count(report["requests"]), _count(report["failures"])
    if failures > requests:
        raise ValueError(f"{failures} failures of {requests} requests")
    return CheckResult(
        requests=requests,
        failures=failures,
        window=_window(report, container),
        average_ms=float(report["average_ms"] or 0.0),
        p95_ms=float(report["p95_ms"] or 0.0),
        errors=tuple(_words(error) for error in report.get("errors") or ()),
    )


def _count(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{number!r} is not a count")
    return number


def _window(report: Mapping[str, Any], container: Window | None) -> Window:
    if report["started_at"] is None or report["ended_at"] is None:
        if container is None:
            raise ValueError("it sent no request, and nobody knows when it ran")
        return container
    window = Window(start=parse_rfc3339(report["started_at"]), end=parse_rfc3339(report["ended_at"]))
    if window.seconds < 0:
        raise ValueError("it ended before it started")
    return window


def _words(error: Mapping[str, Any]) -> str:
    return f"{error['count']} × {error['method']} {error['name']}: {error['error']}"
