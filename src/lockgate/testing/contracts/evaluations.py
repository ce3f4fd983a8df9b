"""What every Evaluations must do. A test class derives from EvaluationsContract and has a fixture `evaluations`."""

import math
from collections.abc import Collection
from dataclasses import replace

import pytest

from lockgate.domain.errors import NotFoundError
from lockgate.domain.evaluation import (
    Answer,
    Evaluation,
    IndicatorResult,
    Measurement,
    Sample,
    SetAside,
    SpecSource,
    Subject,
    Unmeasured,
    Verdict,
    Violation,
    Window,
)
from lockgate.domain.gate import Comparison
from lockgate.ports.evaluations import Evaluations
from lockgate.testing.contracts.nouns import NOON, later, place


class EvaluationsContract:
    async def test_an_evaluation_comes_back_whole(self, evaluations: Evaluations) -> None:
        saved = an_evaluation("ev1")
        await evaluations.save(saved)
        back = await evaluations.evaluation("ev1")
        assert back == saved
        assert isinstance(back.indicators[0].measurement.result, Answer)
        assert isinstance(back.indicators[1].measurement.result, Unmeasured)
        assert back.indicators[0].verdict is Verdict.FAIL

    async def test_samples_that_are_no_numbers_or_infinite_survive(self, evaluations: Evaluations) -> None:
        odd = (Sample({"pod": "a"}, math.nan, 1.5), Sample({}, math.inf, 2.5), Sample({}, -math.inf, 3.5))
        saved = an_evaluation("ev1", odd)
        await evaluations.save(replace(saved, score=math.nan))
        back = await evaluations.evaluation("ev1")
        assert [str(sample.value) for sample in back.indicators[0].judged] == ["nan", "inf", "-inf"]
        assert math.isnan(back.score)
        assert [one.id for one in await evaluations.latest(place())] == ["ev1"]

    async def test_the_first_text_under_an_id_stays(self, evaluations: Evaluations) -> None:
        await evaluations.save(an_evaluation("ev1"))
        await evaluations.save(replace(an_evaluation("ev1"), verdict=Verdict.PASS, sentence="another"))
        assert await evaluations.evaluation("ev1") == an_evaluation("ev1")
        assert len(await evaluations.latest(place())) == 1

    async def test_those_of_a_place_come_newest_first(self, evaluations: Evaluations) -> None:
        for id, stage in (("ev1", "dev"), ("ev2", "staging"), ("ev3", "dev"), ("ev4", "dev")):
            one = an_evaluation(id)
            await evaluations.save(replace(one, subject=replace(one.subject, place=place(stage))))
        assert [one.id for one in await evaluations.latest(place())] == ["ev4", "ev3", "ev1"]
        assert [one.id for one in await evaluations.latest(place(), limit=2)] == ["ev4", "ev3"]
        assert await evaluations.latest(place("production")) == ()

    async def test_an_unknown_one_is_named_in_the_error(self, evaluations: Evaluations) -> None:
        with pytest.raises(NotFoundError, match="ev9"):
            await evaluations.evaluation("ev9")
        with pytest.raises(NotFoundError, match="ev9"):
            await evaluations.invalidate("ev9", "it was the weekend", NOON)

    async def test_the_newest_that_fit_are_comparable(self, evaluations: Evaluations) -> None:
        for id, verdict, end in (
            ("ev1", Verdict.PASS, 10),
            ("ev2", Verdict.WARNING, 20),
            ("ev3", Verdict.FAIL, 30),
            ("ev4", Verdict.PASS, 40),
            ("ev5", Verdict.NO_DATA, 50),
        ):
            await evaluations.save(measured_at(id, verdict, end))
        assert await comparable(evaluations) == ["ev4"]
        assert await comparable(evaluations, results=3) == ["ev4", "ev2", "ev1"]
        assert await comparable(evaluations, verdicts={"pass"}, results=9) == ["ev4", "ev1"]
        every = {verdict.value for verdict in Verdict}
        assert await comparable(evaluations, verdicts=every, results=9) == ["ev5", "ev4", "ev3", "ev2", "ev1"]
        assert await comparable(evaluations, verdicts=set(), results=9) == []

    async def test_only_what_was_measured_before_is_comparable(self, evaluations: Evaluations) -> None:
        for id, end in (("late", 40), ("early", 20), ("same", 40)):
            await evaluations.save(measured_at(id, Verdict.PASS, end))
        assert await comparable(evaluations, results=9) == ["same", "late", "early"]
        assert await comparable(evaluations, before=40.1, results=9) == ["same", "late", "early"]
        assert await comparable(evaluations, before=40, results=9) == ["early"]
        assert await comparable(evaluations, before=10, results=9) == []

    async def test_another_place_is_not_comparable(self, evaluations: Evaluations) -> None:
        for id, where in (("ev1", place("staging")), ("ev2", place(service="orders")), ("ev3", place(project="other"))):
            one = measured_at(id, Verdict.PASS, 10)
            await evaluations.save(replace(one, subject=replace(one.subject, place=where)))
        assert await comparable(evaluations, results=9) == []

    async def test_an_invalidated_one_stays_and_is_not_comparable(self, evaluations: Evaluations) -> None:
        for id, end in (("ev1", 10), ("ev2", 20)):
            await evaluations.save(measured_at(id, Verdict.PASS, end))
        await evaluations.invalidate("ev2", "the load generator was broken", later(90))
        assert await comparable(evaluations, results=9) == ["ev1"]
        back = await evaluations.evaluation("ev2")
        assert back == replace(measured_at("ev2", Verdict.PASS, 20), invalidated="the load generator was broken")
        assert [one.invalidated for one in await evaluations.latest(place())] == ["the load generator was broken", None]

    async def test_the_first_reason_to_invalidate_stays(self, evaluations: Evaluations) -> None:
        await evaluations.save(measured_at("ev1", Verdict.PASS, 10))
        await evaluations.invalidate("ev1", "first", later(90))
        await evaluations.invalidate("ev1", "second", later(91))
        await evaluations.save(measured_at("ev1", Verdict.PASS, 10))
        assert (await evaluations.evaluation("ev1")).invalidated == "first"


def measured_at(id: str, verdict: Verdict, end: float) -> Evaluation:
    """Its window ends so many seconds after noon."""
    return replace(an_evaluation(id), verdict=verdict, window=Window(NOON, later(end)))


async def comparable(
    evaluations: Evaluations, *, before: float = 60, results: int = 1, verdicts: Collection[str] = ("pass", "warning")
) -> list[str]:
    comparison = Comparison(results=results, verdicts=frozenset(verdicts))
    return [one.id for one in await evaluations.comparable(place(), comparison, later(before))]


def an_evaluation(id: str, samples: tuple[Sample, ...] = (Sample({"pod": "carts-1"}, 1.25, 1.0),)) -> Evaluation:
    return Evaluation(
        id=id,
        subject=Subject(place(), "d1", "docker.io/keptnexamples/carts", "0.8.2", "r2", "green", "carts-green"),
        window=Window(NOON, later(60)),
        spec=SpecSource("carts/perfspec/perfspec.json", "abc", '{"spec_version": "1.0"}\n'),
        verdict=Verdict.FAIL,
        score=12.5,
        score_possible=100.0,
        needed={"pass": 90.0, "warning": 75.0},
        indicators=(
            _indicator("p95", Answer(samples, "GET /api/v1/query", ("slow",)), samples),
            _indicator("errors", Unmeasured("timed out", "GET /api/v1/query"), ()),
        ),
        arithmetic=("12.5 of 100",),
        sentence="p95 of carts was too slow: 1.25 s > 1 s",
        would_pass="a p95 of at most 1 s",
        compared_with=("ev0",),
    )


def _indicator(id: str, result: Answer | Unmeasured, judged: tuple[Sample, ...]) -> IndicatorResult:
    return IndicatorResult(
        id=id,
        verdict=Verdict.FAIL,
        points=0.0,
        points_possible=50.0,
        measurement=Measurement(id, "Prometheus", "histogram_quantile(0.95, ...)", result),
        judged=judged,
        set_aside=(SetAside(Sample({"release": "r1"}, 0.1, 1.0), "names another release"),),
        violations=(
            Violation("upperSevere", "pod=carts-1", 1.25, 1.0, {"team": {"name": "a"}}),
            Violation("upperWarning"),
        ),
        targets={"upperSevere": 1.0},
        arithmetic=("0 of 50",),
        notes=(),
        sentence="too slow",
        would_pass="at most 1 s",
        targets_each=({"upperSevere": 1.0},),
        is_key=True,
    )
