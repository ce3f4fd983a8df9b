"""The published schemas are those of the readers: they take what a push takes, and find what one file alone shows."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lockgate.domain.errors import InvalidError, SpecError
from lockgate.domain.gate import Bound
from lockgate.specs.criterion import parse_criterion
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.positions import plain, read_yaml
from lockgate.specs.schemas import SCHEMAS
from lockgate.specs.shipyard import parse_shipyard
from lockgate.specs.sli import Sli, parse_sli
from lockgate.specs.slo import parse_slo
from lockgate.specs.tests_file import parse_tests_file
from lockgate.wiring.templates import templates

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT / "docs/reference"
SHIPYARD = "src/sockshop/files/shipyard.yaml"
SLIS = {name: Sli("Prometheus", "up") for name in ("response_time_p95", "error_rate", "throughput")}
READERS: dict[str, Callable[[str], object]] = {
    "perfspec": lambda text: parse_perfspec("perfspec.json", text),
    "slo": lambda text: parse_slo("slo.yaml", text, SLIS),
    "sli": lambda text: parse_sli("sli.yaml", text),
    "shipyard": lambda text: parse_shipyard("shipyard.yaml", text, "shop"),
    "tests": lambda text: parse_tests_file("tests.yaml", text),
}
VALIDATORS = {name: Draft202012Validator(schema()) for name, schema in SCHEMAS.items()}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (REFERENCE / page).read_text(), re.DOTALL | re.MULTILINE)


def pages() -> Iterator[tuple[str, Any]]:
    """Format and content of each example of the pages, and of each perfspec that the project ships."""
    shipped = [path.read_text() for path in sorted((ROOT / "src").rglob("perfspec_*.json"))]
    yield from (("perfspec", json.loads(text)) for text in [*blocks("perfspec.md", "json"), *shipped])
    slo, sli, _ = blocks("slo.md", "yaml")
    yield from (("slo", plain(read_yaml("", slo))), ("sli", plain(read_yaml("", sli))))
    ours = [("shipyard", text) for text in [*blocks("shipyard.md", "yaml"), (ROOT / SHIPYARD).read_text()]]
    written = [("tests", text) for text in [*blocks("tests.md", "yaml"), templates(15).files["tests/tests.yaml"]]]
    yield from ((name, plain(read_yaml("", text))) for name, text in [*ours, *written])


EXAMPLES = list(pages())


def is_read(format_: str, content: object) -> bool:
    text = json.dumps(content) if format_ == "perfspec" else yaml.safe_dump(content)
    try:
        READERS[format_](text)
    except SpecError:
        return False
    return True


def is_valid(format_: str, content: object) -> bool:
    return bool(VALIDATORS[format_].is_valid(content))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_the_readers(name: str) -> None:
    schema = SCHEMAS[name]()
    Draft202012Validator.check_schema(schema)
    published = REFERENCE / f"{name}.schema.json"
    assert json.loads(published.read_text()) == json.loads(json.dumps(schema)), "run `make schemas`"


def test_the_examples_of_the_pages_are_valid() -> None:
    assert {name for name, _ in EXAMPLES} == set(SCHEMAS)
    assert [list(VALIDATORS[name].iter_errors(content)) for name, content in EXAMPLES] == [[]] * len(EXAMPLES)


def changed(format_: str, path: str, value: object) -> Any:
    """The first example of a format with one place changed or added; `path` is such as `objectives.0.weight`."""
    content = copy.deepcopy(next(content for name, content in EXAMPLES if name == format_))
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = content
    for part in above:
        place = place[part]
    place[last] = value
    return content


GRADING = "indicators.0.grading"
FINE = [
    ("perfspec", "spec_version", "1.1"),
    ("perfspec", "indicators.0.source", "PROMETHEUS/eu"),
    ("perfspec", f"{GRADING}.thresholds", dict.fromkeys(Bound, 0) | {"lowerSevere": -1, "upperSevere": 9}),
    ("slo", "spec_version", 1.0),
    ("slo", "spec_version", "0.1.1"),
    ("slo", "filter", {}),
    ("slo", "objectives.1.pass", [{"criteria": [" < = + 1 0.5 % "]}]),
    ("slo", "objectives.1.warning", []),
    ("slo", "objectives.2.key_sli", False),
    ("slo", "total_score.pass", " 90.5 % "),
    ("slo", "total_score.pass", 100),
    *(("slo", "total_score.pass", text) for text in ("100%", "0100.00 %", "99.999", "75.", "80%", "76 %")),
    ("slo", "comparison", {"compare_with": "single_result"}),
    ("sli", "indicators.error_rate", {"query": {"url": "/x", "value": "$"}, "source": "HTTP"}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "step": "$LABEL.step", "aggregate": "max"}}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "aggregate": "$LABEL.how"}}),
    ("sli", "indicators.error_rate", {"query": {"metricSelector": "m", "aggregate": ""}, "source": "dynatrace"}),
    ("sli", "indicators.error_rate", {"query": {"samples": "s"}, "source": "file"}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "step": "", "aggregate": None}}),
    (
        "sli",
        "indicators.error_rate",
        {"query": {"timeseriesId": "t", "tags": [], "endTimestamp": 5}, "source": "dynatrace"},
    ),
    ("sli", "indicators.error_rate", {"query": {"url": "/x", "value": "$", "headers": {"X-A": "b"}}, "source": "http"}),
    ("shipyard", "registry", "docker.io"),
    ("tests", "load", {}),
    ("tests", "health_path", "/ready?deep=1"),
]
BROKEN = [
    ("perfspec", "spec_version", "2.0"),
    ("perfspec", "indicators", []),
    ("perfspec", "indicators.0.source", "Prometeus"),
    ("perfspec", "indicators.0.query", " "),
    ("perfspec", f"{GRADING}.metricsScore", 1),
    ("perfspec", f"{GRADING}.metricScore", -1),
    ("perfspec", f"{GRADING}.minSamples", 0),
    ("perfspec", f"{GRADING}.thresholds", {}),
    ("perfspec", f"{GRADING}.thresholds", {"upperSeverePerc": 10}),
    ("perfspec", f"{GRADING}.onNoData", "pass"),
    ("perfspec", "objectives.pass", 0),
    ("slo", "spec_version", "0.3.0"),
    ("slo", "objectives.0.wieght", 1),
    ("slo", "objectives.0.pass", [{"criteria": ["<=10%"]}]),
    ("slo", "objectives.0.pass", [{"criteria": ["<=800ms"]}]),
    ("slo", "objectives.0.pass", [{"criteria": []}]),
    ("slo", "objectives.0.pass", ["<1"]),
    ("slo", "objectives.2.warning", [{"criteria": ["<1"]}]),
    ("slo", "objectives.2.key_sli", True),
    ("slo", "objectives.2.firstRun", "pass"),
    ("slo", "filter", {"host": "a"}),
    ("slo", "total_score", {"warning": 50}),
    *(
        ("slo", "total_score.pass", text)
        for text in ("0%", " 00.0 %", "0", "100.01%", "101", "0150 %", "1000%", "999.5")
    ),
    ("slo", "total_score.pass", "101 points"),
    ("slo", "total_score.pass", "²"),
    ("slo", "comparison", {"compare_with": "several_results"}),
    ("slo", "comparison.aggregate_function", "p99"),
    ("sli", "indicators", {}),
    ("sli", "indicators.error_rate", {"source": "prometheus"}),
    ("sli", "indicators.error_rate", {"query": "up", "source": "file/"}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "agregate": "max"}}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "aggregate": "median"}}),
    ("sli", "indicators.error_rate", {"query": {"url": "/x"}, "source": "http"}),
    ("sli", "indicators.error_rate", {"query": {"query": 5}}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "step": "5s"}}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "step": "5s", "aggregate": ""}}),
    ("sli", "indicators.error_rate", {"query": {"query": "up", "step": "5 s", "aggregate": "max"}}),
    ("sli", "indicators.error_rate", {"query": {"metricSelector": "m", "resolution": 5}, "source": "dynatrace"}),
    ("sli", "indicators.error_rate", {"query": {"timeseriesId": "t", "tags": "x"}, "source": "dynatrace"}),
    ("sli", "indicators.error_rate", {"query": {"timeseriesId": "t", "tags": "$LABEL.t"}, "source": "dynatrace"}),
    ("sli", "indicators.error_rate", {"query": {"timeseriesId": "t", "tags": [""]}, "source": "dynatrace"}),
    ("sli", "indicators.error_rate", {"query": {"url": "/x", "value": "$", "labels": {"a": 1}}, "source": "http"}),
    ("sli", "indicators.error_rate", {"query": {"samples": " "}, "source": "file"}),
    ("shipyard", "stages", []),
    ("shipyard", "stages.0.deployment_strategy", "blue_green"),
    ("shipyard", "stages.0.test_strategies", "functional"),
    ("tests", "load", {"users": 201}),
    ("tests", "load", {"spawn_rate": 0}),
    ("tests", "script", "tests/load.sh"),
    ("tests", "health_path", "health"),
]


@pytest.mark.parametrize(("format_", "path", "value"), FINE)
def test_what_is_read_is_valid(format_: str, path: str, value: object) -> None:
    content = changed(format_, path, value)
    assert is_read(format_, content)
    assert is_valid(format_, content)


@pytest.mark.parametrize(("format_", "path", "value"), BROKEN)
def test_what_is_broken_in_one_place_is_neither_read_nor_valid(format_: str, path: str, value: object) -> None:
    content = changed(format_, path, value)
    assert not is_read(format_, content)
    assert not is_valid(format_, content)


@given(st.text("<>=+-%.059 \tms", max_size=9))
@example("<=+10%")
@example("< = 1")
@example("=-.5 %")
def test_a_criterion_is_valid_exactly_when_it_is_read(text: str) -> None:
    schema: Any = VALIDATORS["slo"].schema
    criteria = schema["properties"]["objectives"]["items"]["properties"]["pass"]
    try:
        parse_criterion(text)
    except InvalidError:
        assert not Draft202012Validator(criteria).is_valid([{"criteria": [text]}])
    else:
        assert Draft202012Validator(criteria).is_valid([{"criteria": [text]}])


def places(content: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value."""
    within = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, value in within:
        yield (*above, name)
        yield from places(value, (*above, name))


VALUES: st.SearchStrategy[object] = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.5, 90, 1e7, "", " ", "x", "1.0", "1.1", "<1", "pass", "fail", "avg", "file", [], {}]
)


@given(st.sampled_from(EXAMPLES), st.data())
def test_whatever_a_push_takes_is_valid(one: tuple[str, Any], data: st.DataObject) -> None:
    format_, content = one[0], copy.deepcopy(one[1])
    *above, last = data.draw(st.sampled_from(list(places(content))))
    place = content
    for part in above:
        place = place[part]
    if data.draw(st.booleans()):
        del place[last]
    else:
        place[last] = data.draw(VALUES)
    assert is_valid(format_, content) or not is_read(format_, content)
