"""The published JSON Schemas of a gate's files say what the readers say."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lockgate.domain.errors import InvalidError, SpecError
from lockgate.specs.criterion import parse_criterion
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.schemas import schemas
from lockgate.specs.sli import Sli, parse_sli
from lockgate.specs.slo import parse_slo

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
CRITERIA = [{"criteria": ["<=+10%", "< 600"]}]
FILES: dict[str, dict[str, Any]] = {
    "perfspec.schema.json": {
        "$schema": "perfspec.schema.json",
        "spec_version": "1.1",
        "indicators": [
            {
                "id": "a",
                "source": "Prometheus",
                "query": "up",
                "metadata": {"unit": "s"},
                "grading": {
                    "type": "Threshold",
                    "thresholds": {"upperSevere": 1, "upperWarningPerc": 10},
                    "metricScore": 100,
                    "onNoData": "ignore",
                    "minSamples": 2,
                    "firstRun": "pass",
                },
            }
        ],
        "objectives": {"pass": 90, "warning": 75},
    },
    "slo.schema.json": {
        "spec_version": "1.0",
        "comparison": {
            "compare_with": "several_results",
            "number_of_comparison_results": 3,
            "include_result_with_score": "pass",
            "aggregate_function": "p90",
        },
        "objectives": [
            {"sli": "a", "pass": CRITERIA, "warning": CRITERIA, "weight": 2, "key_sli": True, "onNoData": "fail"}
        ],
        "total_score": {"pass": "90%", "warning": 75},
    },
    "sli.schema.json": {"indicators": {"a": "up", "b": {"source": "dynatrace/eu", "query": {"metricSelector": "m"}}}},
}
READERS: dict[str, Callable[[str], object]] = {
    "perfspec.schema.json": lambda text: parse_perfspec("perfspec.json", text),
    "slo.schema.json": lambda text: parse_slo("slo.yaml", text, {"a": Sli("Prometheus", "up")}),
    "sli.schema.json": lambda text: parse_sli("sli.yaml", text),
}
Path_ = tuple[str | int, ...]


def faults(name: str, content: object) -> list[str]:
    try:
        READERS[name](json.dumps(content))  # which is YAML, too
    except SpecError as error:
        return [fault.message for fault in error.faults]
    return []


def nodes(schema: dict[str, Any], content: Any, path: Path_ = ()) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Each part of *content* with the schema of its place."""
    options = [option for option in schema.get("anyOf", [schema]) if Draft202012Validator(option).is_valid(content)]
    for option in options:
        yield path, option
        for field, value in content.items() if isinstance(content, dict) else ():
            inner = option.get("properties", {}).get(field, option.get("additionalProperties"))
            if inner:
                yield from nodes(inner, value, (*path, field))
        for index, value in enumerate(content) if isinstance(content, list) else ():
            yield from nodes(option["items"], value, (*path, index))


def changed(content: Any, path: Path_, value: object) -> Any:
    if not path:
        return value
    copy = deepcopy(content)
    copy[path[0]] = changed(copy[path[0]] if not isinstance(copy, dict) else copy.get(path[0]), path[1:], value)
    return copy


def known(messages: list[str]) -> set[str]:
    (found,) = [match[1] for message in messages if (match := re.search(r"Known are (.*)$", message))]
    return set(found.split(", "))


PLACES = [
    pytest.param(name, path, schema, id=f"{name}:{'.'.join(map(str, path))}")
    for name, content in FILES.items()
    for path, schema in nodes(schemas()[name], content)
]


@pytest.mark.parametrize("name", list(FILES))
def test_the_published_schema_is_the_generated_one(name: str) -> None:
    published = json.loads((REFERENCE / name).read_text())
    assert published == schemas()[name], "run .venv/bin/python tools/write_schemas.py"


@pytest.mark.parametrize("name", list(FILES))
def test_a_file_that_the_reader_takes_is_valid_by_the_schema(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])
    assert faults(name, FILES[name]) == []
    assert [error.message for error in Draft202012Validator(schemas()[name]).iter_errors(FILES[name])] == []


@pytest.mark.parametrize(("name", "path", "schema"), PLACES)
def test_schema_and_reader_know_the_same_fields_and_words(name: str, path: Path_, schema: dict[str, Any]) -> None:
    if "properties" in schema:
        wrong = changed(FILES[name], (*path, "zzz"), 1)
        expected = set(schema["properties"])
    elif "enum" in schema:
        wrong, expected = changed(FILES[name], path, "zzz"), set(schema["enum"])
    else:
        return
    assert not Draft202012Validator(schemas()[name]).is_valid(wrong)
    messages = faults(name, wrong)
    assert known([message for message in messages if "zzz" in message or "unknown field" in message]) == expected


@pytest.mark.parametrize(("name", "path", "schema"), PLACES)
def test_schema_and_reader_miss_the_same_fields(name: str, path: Path_, schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}):
        part: Any = FILES[name]
        for step in path:
            part = part[step]
        if field not in part:
            continue
        without = changed(FILES[name], path, {key: value for key, value in part.items() if key != field})
        missed = f"field {field!r} is missing" in faults(name, without)
        assert missed == (field in schema.get("required", [])), field


WRITTEN = st.tuples(
    st.sampled_from(["<", "<=", "=", ">=", ">", "", "=<", "=="]),
    st.sampled_from(["", " "]),
    st.sampled_from(["", "+", "-", "+-"]),
    st.sampled_from(["0", "600", ".5", "1.5", "1.", "", "1e3", "1 0"]),
    st.sampled_from(["", "%", " %", "%%"]),
    st.sampled_from(["", "", " ", "ms"]),
)


@settings(max_examples=500)
@given(WRITTEN.map("".join))
def test_schema_and_reader_know_the_same_criteria(text: str) -> None:
    content = changed(FILES["slo.schema.json"], ("objectives", 0, "pass"), [{"criteria": [text]}])
    valid = Draft202012Validator(schemas()["slo.schema.json"]).is_valid(content)
    try:
        parse_criterion(text)
    except InvalidError:
        assert not valid
    else:
        assert valid or "1 0" in text, "white space within a number is read, and not offered"
