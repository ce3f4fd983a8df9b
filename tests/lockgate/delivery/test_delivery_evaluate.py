"""Judging a window now: the release that has the traffic, by the gate in force or another, and without a trace."""

from datetime import timedelta

import pytest

from lockgate.delivery.evaluate import Question, evaluate
from lockgate.domain.errors import InvalidError, NotFoundError, SpecError
from lockgate.domain.evaluation import Verdict, Window
from lockgate.specs.gate_files import GateFile
from lockgate.testing.world import PERFSPEC, World, world_under_gate


def asked(world: World, stage: str = "staging", gate: GateFile | None = None, seconds: float = 60) -> Question:
    now = world.clock.now()
    return Question(world.place(stage), Window(now - timedelta(seconds=seconds), now), gate)


async def test_the_release_that_has_the_traffic_is_judged_by_the_gate_on_main() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    found = await evaluate(world.outside, asked(world))
    assert (found.verdict, found.subject.tag, found.subject.deployment) == (Verdict.PASS, "0.6.2", "carts-blue")
    world.monitoring.seconds["0.6.2"] = 3
    assert (await evaluate(world.outside, asked(world))).verdict is Verdict.FAIL


async def test_while_a_release_is_tried_out_it_has_the_traffic_and_is_judged() -> None:
    world = await world_under_gate()
    await world.send("0.6.1")
    world.engine.crash_at("start performance:after")
    await world.settle()
    found = await evaluate(world.outside, asked(world))
    assert (found.subject.tag, found.verdict) == ("0.6.1", Verdict.FAIL)


async def test_another_gate_may_be_tried() -> None:
    world = await world_under_gate()
    strict = GateFile("mine.json", PERFSPEC.replace("0.8", "0.01").replace('"upperSevere": 1', '"upperSevere": 0.02'))
    found = await evaluate(world.outside, asked(world, gate=strict))
    assert (found.verdict, found.spec.path) == (Verdict.FAIL, "mine.json")


async def test_a_direct_stage_has_no_colour() -> None:
    world = await world_under_gate()
    found = await evaluate(world.outside, asked(world, "dev"))
    assert (found.verdict, found.subject.colour, found.subject.deployment) == (Verdict.PASS, "", "carts")


async def test_nothing_is_stored_told_or_changed() -> None:
    world = await world_under_gate()
    before = (await world.store.since(0), await world.store.latest(world.place("staging")), len(world.cluster.history))
    await evaluate(world.outside, asked(world))
    after = (await world.store.since(0), await world.store.latest(world.place("staging")), len(world.cluster.history))
    assert after == before


async def test_a_source_that_is_away_is_an_error_and_not_waited_for() -> None:
    world = await world_under_gate()
    world.monitoring.away = True
    assert (await evaluate(world.outside, asked(world))).verdict is Verdict.ERROR


async def test_what_cannot_be_judged_says_why() -> None:
    world = World()
    await world.create()
    with pytest.raises(NotFoundError, match="no quality gate called 'carts': give one with --spec FILE"):
        await evaluate(world.outside, asked(world))
    await world.set_gate()
    with pytest.raises(NotFoundError, match="nothing was promoted there yet"):
        await evaluate(world.outside, asked(world))
    with pytest.raises(NotFoundError, match="prod"):
        await evaluate(world.outside, asked(world, "prod"))
    with pytest.raises(InvalidError, match="ends before it starts"):
        await evaluate(world.outside, asked(world, seconds=-1))
    with pytest.raises(SpecError, match="indicators"):
        await evaluate(world.outside, asked(world, gate=GateFile("x.json", "{}")))
