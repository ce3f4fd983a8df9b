"""What every MetricSource must do. Derive from it, with a fixture `bench` that brings a source into each situation."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from lockgate.domain.errors import PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Window
from lockgate.ports.metric_source import MetricSource, Query

Series = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask of whom, in a situation that a bench has made."""

    source: MetricSource
    query: Query
    window: Window

    async def ask(self) -> Answer:
        return await self.source.query(self.query, self.window)


class Bench(Protocol):
    async def holding(self, series: Sequence[Series]) -> Question:
        """The query gives *series*; the source may add labels of its own."""
        ...

    async def refusing(self) -> Question:
        """The monitoring system is there and does not accept the query."""
        ...

    async def away(self) -> Question:
        """Nobody answers."""
        ...


class MetricSourceContract:
    @pytest.mark.parametrize("values", [[0.25], [0.0, -1.5, 1e12], [math.nan], [math.inf, 1.0, -math.inf], []], ids=str)
    async def test_every_series_comes_with_its_labels_and_value(self, bench: Bench, values: list[float]) -> None:
        given = [({"release": f"r{n}", "pod": "carts-ü"}, value) for n, value in enumerate(values)]
        question = await bench.holding(given)
        samples = (await question.ask()).samples
        assert len(samples) == len(given)
        for labels, value in given:
            (sample,) = [one for one in samples if labels.items() <= one.labels.items()]
            assert sample.value == pytest.approx(value, nan_ok=True)

    async def test_a_sample_is_of_the_end_of_the_window_or_before(self, bench: Bench) -> None:
        question = await bench.holding([({"release": "r"}, 1.0)])
        (sample,) = (await question.ask()).samples
        assert 0 <= sample.timestamp <= question.window.end.timestamp() + 0.001

    async def test_asking_changes_nothing(self, bench: Bench) -> None:
        question = await bench.holding([({"release": "r"}, 1.0)])
        first = await question.ask()
        assert await question.ask() == first

    async def test_many_questions_at_once_get_their_answers(self, bench: Bench) -> None:
        question = await bench.holding([({"release": "r"}, 1.0)])
        answers = await asyncio.gather(*(question.ask() for _ in range(20)))
        assert set(map(str, answers)) == {str(await question.ask())}

    async def test_an_answer_shows_what_was_asked(self, bench: Bench) -> None:
        question = await bench.holding([({"release": "r"}, 1.0)])
        assert str(question.query) in (await question.ask()).request

    async def test_a_query_that_is_not_accepted_is_permanent_and_named(self, bench: Bench) -> None:
        question = await bench.refusing()
        with pytest.raises(PermanentError) as caught:
            await question.ask()
        assert str(question.query) in str(caught.value)

    async def test_a_source_that_does_not_answer_is_transient(self, bench: Bench) -> None:
        question = await bench.away()
        with pytest.raises(TransientError):
            await question.ask()
