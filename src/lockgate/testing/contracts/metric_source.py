"""What every MetricSource must do. Derive from it, with a fixture `bench` that brings a source into each situation."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
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
    shown: str = ""  # what an explanation and a message show of the query, where that is not its text

    @property
    def words(self) -> str:
        return self.shown or str(self.query)

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


class Trouble(StrEnum):
    """What a monitoring system over HTTP may do instead of answering."""

    REFUSED = "answers 400 with its error body"
    FORBIDDEN = "answers 401 with its error body"
    BUSY = "answers 429"
    BROKEN = "answers 503"
    MALFORMED = "answers 200 with half of a document"
    ANOTHER_PAGE = "answers 200 with an HTML page"
    ANOTHER_SHAPE = "answers 200 with a JSON document of another shape"
    ERROR_IN_200 = "answers 200 with its error body"
    WRONG_TYPE = "answers 200 with a text where a number belongs"
    REDIRECT = "redirects to another host"
    HANGING = "begins to answer and never ends"


TRANSIENT = (Trouble.BUSY, Trouble.BROKEN, Trouble.HANGING)


class HttpBench(Bench, Protocol):
    """A source over HTTP, before a server that can be brought into trouble. Its deadline for HANGING had better be
    short. *secret* lets the source in; the server repeats it in each body that is not malformed."""

    @property
    def secret(self) -> str: ...

    async def in_trouble(self, trouble: Trouble) -> Question: ...

    async def without_value(self) -> Question:
        """One series, whose value is null, or NaN where the API has no null."""
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
        assert question.words in (await question.ask()).request

    async def test_a_query_that_is_not_accepted_is_permanent_and_named(self, bench: Bench) -> None:
        question = await bench.refusing()
        with pytest.raises(PermanentError) as caught:
            await question.ask()
        assert question.words in str(caught.value)

    async def test_a_source_that_does_not_answer_is_transient(self, bench: Bench) -> None:
        question = await bench.away()
        with pytest.raises(TransientError):
            await question.ask()


class HttpMetricSourceContract(MetricSourceContract):
    """The same with a `bench` that is an HttpBench, and everything that may happen on the way."""

    @pytest.mark.parametrize("trouble", Trouble)
    async def test_trouble_is_an_error_and_never_a_value(self, bench: HttpBench, trouble: Trouble) -> None:
        question = await bench.in_trouble(trouble)
        expected = TransientError if trouble in TRANSIENT else PermanentError
        with pytest.raises(expected) as caught:
            await question.ask()
        assert question.words in str(caught.value)
        assert bench.secret not in str(caught.value)
        assert len(str(caught.value)) < 1000

    async def test_a_value_that_is_not_there_is_nan_and_never_zero(self, bench: HttpBench) -> None:
        question = await bench.without_value()
        (sample,) = (await question.ask()).samples
        assert math.isnan(sample.value)

    async def test_no_secret_stands_in_an_answer(self, bench: HttpBench) -> None:
        question = await bench.holding([({"release": "r"}, 1.0)])
        assert bench.secret not in str(await question.ask())
