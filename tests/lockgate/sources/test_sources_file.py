"""Samples from a file: the contract, and files that are refused as a whole."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.domain.errors import InvalidError, PermanentError
from lockgate.domain.evaluation import Sample, Window
from lockgate.sources.file import FileSource
from lockgate.testing.contracts.metric_source import MetricSourceContract, Question, Series

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))


class FileBench:
    async def holding(self, series: Sequence[Series]) -> Question:
        rows = [{"labels": dict(labels), "value": shown(value)} for labels, value in series]
        return Question(FileSource(json.dumps({"latency": rows})), "latency", WINDOW)

    async def refusing(self) -> Question:
        return Question(FileSource('{"latency": {"error": "no such metric"}}'), "latency", WINDOW)

    async def away(self) -> Question:
        return Question(FileSource('{"latency": {"timeout": true}}'), "latency", WINDOW)


def shown(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return f"{value:+.0f}".replace("inf", "Inf") if math.isinf(value) else value


class TestFileSource(MetricSourceContract):
    @pytest.fixture
    def bench(self) -> FileBench:
        return FileBench()


async def test_a_sample_has_its_key_and_time_and_is_of_the_windows_end_without_one() -> None:
    held = {"latency": [{"key": "a", "value": 1, "timestamp": 5}, {"key": "b", "value": None}]}
    answer = await FileSource(json.dumps(held)).query({"samples": "latency"}, WINDOW)
    assert answer.samples[0] == Sample({"key": "a"}, 1, 5)
    assert math.isnan(answer.samples[1].value)
    assert answer.samples[1].timestamp == WINDOW.end.timestamp()


def test_a_name_that_stands_twice_is_refused_since_nobody_sees_which_one_counts() -> None:
    with pytest.raises(InvalidError, match="has a name twice"):
        FileSource('{"latency": [{"value": 9}], "latency": [{"value": 1}]}')


async def test_a_name_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PermanentError, match="no samples for the query p95: there is latency, errors"):
        await FileSource('{"latency": [], "errors": []}').query("p95", WINDOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"a": 1}',
        '{"a": {"error": 1}}',
        '{"a": {"timeout": false}}',
        '{"a": {"error": "x", "timeout": true}}',
        '{"a": [1]}',
        '{"a": [{"key": "k"}]}',
        '{"a": [{"value": "fast"}]}',
        '{"a": [{"value": true}]}',
        '{"a": [{"value": 1, "timestamp": "now"}]}',
        '{"a": [{"value": 1, "labels": {"n": 1}}]}',
        '{"a": [{"value": 1, "valeu": 1}]}',
    ],
)
def test_a_file_of_another_form_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(InvalidError, match="File"):
        FileSource(text)
