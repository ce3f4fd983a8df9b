"""The files that onboarding writes beside a service's values."""

import json
from importlib.resources import files

from lockgate.charts.schema import values_schema
from lockgate.delivery.onboarding import Templates
from lockgate.specs.schemas import perfspec_schema, tests_schema

# Beside the file that it describes, so that an editor needs no network; hidden, so that `gate check perfspec/*.json`
# reads gates only.
_SCHEMA = ".schema.json"
_YAML_NAMES = f"# yaml-language-server: $schema=./{_SCHEMA}\n"
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
            f"perfspec/{_SCHEMA}": _json(perfspec_schema()),
            f"tests/{_SCHEMA}": _json(tests_schema()),
            _SCHEMA: _json(values_schema()),
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
        "$schema": f"./{_SCHEMA}",
        "spec_version": "1.0",
        "indicators": [{"id": id_, "source": source, "query": query, "grading": grading}],
        "objectives": {"pass": 90, "warning": 75},
    }
    return _json(content)


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _tests(seconds: int) -> str:
    return f"{_YAML_NAMES}load: # of the performance check\n  users: 10\n  seconds: {seconds}\n"
