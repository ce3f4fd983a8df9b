"""The source in memory keeps the contract, and refuses what nobody laid down."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.domain.errors import PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Window
from lockgate.sources.memory import MemorySource, series
from lockgate.testing.contracts.metric_source import MetricSourceContract, Question, Series

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))


class MemoryBench:
    async def holding(self, series_: Sequence[Series]) -> Question:
        samples = tuple(series(value, **labels) for labels, value in series_)
        return Question(MemorySource({"latency": Answer(samples, "memory: latency")}), "latency", WINDOW)

    async def refusing(self) -> Question:
        return Question(MemorySource(), "nonsense(", WINDOW)

    async def away(self) -> Question:
        return Question(MemorySource(otherwise=TransientError("nobody there")), "latency", WINDOW)


class TestMemorySource(MetricSourceContract):
    @pytest.fixture
    def bench(self) -> MemoryBench:
        return MemoryBench()


async def test_an_answer_may_depend_on_the_query_and_the_window() -> None:
    source = MemorySource(otherwise=lambda query, window: Answer((series(window.seconds),), str(query)))
    assert (await source.query("x", WINDOW)).samples[0].value == 15
    assert source.asked == [("x", WINDOW)]


async def test_a_query_that_nobody_laid_an_answer_down_for_is_refused() -> None:
    with pytest.raises(PermanentError, match="no answer to 'y'"):
        await MemorySource({"x": Answer((), "x")}).query("y", WINDOW)
