"""Measuring for a gate: everything at once, each within its deadline, and compared with what was judged before."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from lockgate.delivery.assess import details_of
from lockgate.delivery.invalidate import invalidate
from lockgate.delivery.measure import Measuring
from lockgate.delivery.outside import Patience
from lockgate.domain.delivery import Outcome
from lockgate.domain.errors import TransientError, UnknownKindError
from lockgate.domain.evaluation import Answer, Measurement, Sample, Subject, Unmeasured, Verdict, Violation, Window
from lockgate.domain.event import EventType
from lockgate.domain.gate import Gate, Indicator, Objectives, Thresholds
from lockgate.domain.project import Place
from lockgate.evaluation.criteria import key_of
from lockgate.ports.metric_source import Query
from lockgate.testing.contracts.nouns import NOON, later, place
from lockgate.testing.world import World, world_under_gate

SUBJECT = Subject(place(), "d1", "docker.io/keptnexamples/carts", "0.8.2", "r2", "green", "carts-green")
WINDOW = Window(NOON, later(60))


class Sources:
    """Sources by name, all of them this one. A query with `hang` in it never answers, one with `away` is refused *away*
    times. *asked*: the queries so far; *most*: how many were ever under way at a time; *looked_up*: names, as often as
    they were."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.asked: list[str] = []
        self.looked_up: list[str] = []
        self.most = 0
        self._now = 0

    async def source(self, name: str, place: Place | None = None) -> "Sources":
        self.looked_up.append(name)
        if name == "Absent":
            await asyncio.Event().wait()
        if name == "Restarted" and self.away > 0:
            self.away -= 1
            raise TransientError("its settings cannot be read")
        if name == "Stranger":
            raise UnknownKindError("metric source", name, ["prometheus"])
        return self

    async def query(self, query: Query, window: Window) -> Answer:
        self.asked.append(str(query))
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(0)
            return await self._answer(str(query))
        finally:
            self._now -= 1

    async def _answer(self, query: str) -> Answer:
        if "hang" in query:
            await asyncio.Event().wait()
        if "own time" in query:
            raise TimeoutError("its own")
        if "away" in query and self.away > 0:
            self.away -= 1
            raise TransientError("refused")
        return Answer((Sample({}, 0.5, 0),), query)


def measuring(sources: Sources, *queries: str, source: str = "Prometheus", **patience: Any) -> Measuring:
    """Queries may name their source before a colon."""
    indicators = []
    for n, query in enumerate(queries):
        name, _, text = query.rpartition(":")
        indicators.append(Indicator(f"i{n}", name or source, text, Thresholds(upper_severe=1), 1))
    outside = replace(World().outside, sources=sources, patience=Patience(**patience))
    return Measuring(outside, Gate(tuple(indicators), Objectives(1, 1)), SUBJECT, WINDOW)


def words(measurements: tuple[Measurement, ...]) -> list[str]:
    return [each.result.reason if isinstance(each.result, Unmeasured) else "answered" for each in measurements]


async def test_a_hanging_query_costs_its_own_deadline_only() -> None:
    found = await measuring(Sources(), "up", "hang", "up", indicator=0.05).ask()
    assert [each.indicator for each in found] == ["i0", "i1", "i2"]
    assert words(found) == ["answered", "Prometheus gave no answer in 0.05 s", "answered"]


async def test_a_hanging_source_takes_no_turn_away_from_another() -> None:
    queries = ["Dynatrace:hang", "Dynatrace:hang", "Dynatrace:hang", "Prometheus:up"]
    found = await measuring(Sources(), *queries, indicator=30, gate=0.1, at_once=1).ask()
    assert words(found) == ["the gate's 0.1 s were over before Dynatrace answered"] * 3 + ["answered"]


async def test_the_gates_own_deadline_ends_what_would_take_longer() -> None:
    found = await measuring(Sources(), "hang", "up", indicator=30, gate=0.05).ask()
    assert words(found) == ["the gate's 0.05 s were over before Prometheus answered", "answered"]
    assert found[0].query == "hang"


async def test_after_the_gates_own_deadline_nothing_is_asked_any_more() -> None:
    sources = Sources()
    found = await measuring(sources, "hang", "up", indicator=30, gate=0.05, at_once=1).ask()
    assert words(found) == ["the gate's 0.05 s were over before Prometheus answered"] * 2
    assert sources.asked == ["hang"]


async def test_a_source_is_asked_so_many_questions_at_a_time() -> None:
    sources = Sources()
    found = await measuring(sources, *["up"] * 30, at_once=4).ask()
    assert words(found) == ["answered"] * 30
    assert sources.most == 4


async def test_names_of_one_source_share_its_pool_whatever_their_case() -> None:
    sources = Sources()
    await measuring(sources, *["Prometheus:up", "prometheus:up"] * 5, at_once=3).ask()
    assert sources.most == 3


async def test_a_source_is_looked_up_once_however_many_questions_it_is_asked() -> None:
    sources = Sources()
    await measuring(sources, *["up"] * 30, "Dynatrace:up", at_once=4).ask()
    assert sorted(sources.looked_up) == ["Dynatrace", "Prometheus"]


async def test_a_source_that_cannot_be_looked_up_in_time_costs_no_other_one_its_turn() -> None:
    found = await measuring(Sources(), *["Absent:up"] * 3, "up", indicator=0.05, at_once=1).ask()
    assert words(found) == ["Absent gave no answer in 0.05 s"] * 3 + ["answered"]


async def test_a_source_that_could_not_be_looked_up_is_looked_up_again() -> None:
    round_ = measuring(Sources(away=1), "Restarted:up", "Restarted:down")
    assert words(await round_.ask()) == ["its settings cannot be read"] * 2
    assert words(await round_.ask()) == ["answered"] * 2


async def test_only_what_was_away_is_asked_again() -> None:
    sources = Sources(away=1)
    round_ = measuring(sources, "up", "away", "hang", indicator=0.05)
    first = await round_.ask()
    assert words(first) == ["answered", "refused", "Prometheus gave no answer in 0.05 s"]
    second = await round_.ask()
    assert words(second) == ["answered", "answered", "Prometheus gave no answer in 0.05 s"]
    assert sorted(sources.asked) == ["away", "away", "hang", "up"]


async def test_a_source_that_nobody_knows_or_that_gives_up_is_an_error_of_its_indicator() -> None:
    found = await measuring(Sources(), "Stranger:up", "own time", "up").ask()
    assert words(found)[0] == "unknown metric source 'Stranger': known are prometheus"
    assert words(found)[1:] == ["Prometheus gave no answer in 10 s", "answered"]


def gate_text(**thresholds: float) -> str:
    """A gate on the response time with the thresholds of one indicator."""
    return relative_gate({"type": "Threshold", "metricScore": 100, "thresholds": thresholds})


def relative_gate(grading: dict[str, Any]) -> str:
    query = "response_time{deployment='$DEPLOYMENT',release='$RELEASE'}"
    indicator = {"id": "response_time", "source": "Prometheus", "query": query, "grading": grading}
    return json.dumps({"spec_version": "1.1", "indicators": [indicator], "objectives": {"pass": 90, "warning": 40}})


async def world_with(gate: str) -> World:
    world = await world_under_gate()
    await world.set_gate(gate)
    return world


async def test_a_release_is_compared_with_the_one_that_passed_before() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    before = await world.evaluation("staging")
    await world.set_gate(gate_text(upperSeverePerc=10))
    world.monitoring.seconds["0.6.3"] = 0.06
    refused = await world.deliver("0.6.3")
    assert refused.outcome is Outcome.REJECTED
    assert "response_time 0.06 is over 0.055 (+10 % of 0.05, upperSeverePerc)" in refused.reason
    evaluation = await world.evaluation("staging")
    assert evaluation.compared_with == (before.id,)
    world.monitoring.seconds["0.6.4"] = 0.054
    assert (await world.deliver("0.6.4")).outcome is Outcome.PROMOTED
    newest = await world.evaluation("staging")
    assert newest.compared_with == (before.id,), "what was refused is no baseline"


async def test_an_invalidated_evaluation_is_no_baseline() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    id_ = (await world.evaluation("staging")).id
    for reason in ("nobody used it", "said again"):
        assert (await invalidate(world.outside, id_, reason)).invalidated == "nobody used it"
    told = [
        event for event in await world.store.since(0, context=None, limit=10_000) if event.data.get("evaluation") == id_
    ]
    assert [(event.type, event.data["reason"]) for event in told] == [
        (EventType.EVALUATION_INVALIDATED, "nobody used it")
    ]
    await world.set_gate(gate_text(upperSeverePerc=10))
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.UNJUDGED
    assert "there is no earlier run to compare with" in delivery.reason


@pytest.mark.parametrize(("labels", "asked"), [({"build": "b17"}, "x{build='b17'}"), ({}, "x{build='$LABEL.build'}")])
async def test_a_query_selects_by_a_label_of_the_artifact(labels: dict[str, str], asked: str) -> None:
    gate = gate_text(upperSevere=1).replace(
        "response_time{deployment='$DEPLOYMENT',release='$RELEASE'}", "x{build='$LABEL.build'}"
    )
    world = await world_with(gate)
    delivery = await world.deliver("0.6.2", labels=labels)
    measurement = (await world.evaluation("staging")).indicators[0].measurement
    assert measurement.query == asked
    assert ("no label 'build'" in delivery.reason) is not bool(labels)


async def test_a_run_in_which_a_value_was_missing_does_not_stop_those_after_it() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    before = await world.evaluation("staging")
    await world.set_gate(gate_text(upperSeverePerc=10).replace('"grading": {', '"grading": {"onNoData": "ignore", '))
    silent = world.monitoring.seconds.pop("0.6.2")
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED
    world.monitoring.seconds["0.6.3"] = silent * 2
    assert (await world.deliver("0.6.3")).outcome is Outcome.REJECTED
    assert (await world.evaluation("staging")).compared_with == (before.id,)


@pytest.mark.parametrize(("first_run", "outcome"), [("pass", Outcome.PROMOTED), (None, Outcome.UNJUDGED)])
async def test_a_first_run_is_judged_as_the_file_says(first_run: str | None, outcome: Outcome) -> None:
    grading = {"type": "Threshold", "metricScore": 100, "thresholds": {"upperSeverePerc": 10}}
    world = await world_with(relative_gate(grading | ({"firstRun": first_run} if first_run else {})))
    assert (await world.deliver("0.6.2")).outcome is outcome


async def test_a_gate_without_relative_bounds_is_compared_with_nothing() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    await world.deliver("0.6.2")
    assert (await world.evaluation("staging")).compared_with == ()


async def test_the_event_carries_each_series_with_its_targets() -> None:
    world = await world_with(gate_text(upperSevere=0.01))
    await world.deliver("0.6.2")
    evaluation = await world.evaluation("staging")
    assert evaluation.verdict is Verdict.FAIL
    (result,) = details_of(evaluation)["indicatorResults"]
    (individual,) = result["individualResults"]
    assert (individual["value"], individual["upperSevere"]) == (0.05, 0.01)
    assert "release" in individual["key"]
    assert "metadata" not in result["violations"][0]


async def test_an_event_holds_the_broken_ones_of_thousands_of_series_and_some_others() -> None:
    world = await world_with(gate_text(upperSevere=0.01))
    await world.deliver("0.6.2")
    evaluation = await world.evaluation("staging")
    (result,) = evaluation.indicators
    many = tuple(Sample({"pod": str(number)}, 0.001, 1.0) for number in range(5000))
    slow = Violation("upperSevere", key_of(many[-1]), 0.05, 0.01)
    huge = replace(evaluation, indicators=(replace(result, judged=many, violations=(slow,) * 300),))
    (told,) = details_of(huge)["indicatorResults"]
    assert (len(told["individualResults"]), len(told["violations"])) == (200, 200)
    assert [one["key"] for one in told["individualResults"][:2]] == [key_of(many[-1]), key_of(many[0])]


async def test_the_event_names_the_metadata_of_what_was_broken() -> None:
    gate = json.loads(gate_text(upperSevere=0.01))
    gate["indicators"][0]["metadata"] = {"team": "a"}
    world = await world_with(json.dumps(gate))
    await world.deliver("0.6.2")
    (result,) = details_of(await world.evaluation("staging"))["indicatorResults"]
    assert result["violations"][0]["metadata"] == {"team": "a"}
