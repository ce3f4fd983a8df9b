"""The files that onboarding writes beside a service's values."""

import json
from importlib.resources import files

from lockgate.delivery.onboarding import Templates

_SCHEMA = "https://lockgate.dev/schemas/perfspec-1.1.json"
_SELECT = "{job='$SERVICE-$ENVIRONMENT',release='$RELEASE'}"
_PROMETHEUS = (
    f"rate(requests_latency_seconds_sum{_SELECT}[$DURATION_SECONDSs])"
    f"/rate(requests_latency_seconds_count{_SELECT}[$DURATION_SECONDSs])"
)
_DYNATRACE = {
    "timeseriesId": "com.dynatrace.builtin:service.responsetime",
    "aggregation": "AVG",
    "startTimestamp": "",
    "endTimestamp": "",
    # Whoever has no such tags may leave them out: the busiest service of the place is measured then.
    "tags": ["service:$SERVICE", "environment:$ENVIRONMENT", "release:$RELEASE"],
}


def templates(test_seconds: int) -> Templates:
    """*test_seconds*: how long a performance check of a newly onboarded service drives its load."""
    return Templates(
        {
            "perfspec/perfspec_prometheus.json": _perfspec(
                "request_latency_seconds", "Prometheus", _PROMETHEUS, 1.0, "s"
            ),
            "perfspec/perfspec_dynatrace.json": _perfspec(
                "ResponseTime_Backend", "Dynatrace", _DYNATRACE, 1_000_000, "µs"
            ),
            "tests/locustfile.py": (files("loadrunner") / "files" / "locustfile.py").read_text(),
            "tests/tests.yaml": _tests(test_seconds),
        }
    )


def _perfspec(id_: str, source: str, query: object, severe: float, unit: str) -> str:
    """The gate of the document: the average response time stays under one second."""
    grading = {
        "type": "Threshold",
        "thresholds": {"upperSevere": severe},
        "metricScore": 100,
        "metadata": {"displayName": "average response time", "unit": unit},
    }
    content = {
        "$schema": _SCHEMA,
        "spec_version": "1.0",
        "indicators": [{"id": id_, "source": source, "query": query, "grading": grading}],
        "objectives": {"pass": 90, "warning": 75},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _tests(seconds: int) -> str:
    return (
        "# yaml-language-server: $schema=https://lockgate.dev/schemas/tests-1.json\n"
        f"load: # of the performance check\n  users: 10\n  seconds: {seconds}\n"
    )
