"""What another gate would have concluded of past runs: from stored samples, and from nothing else."""

from typing import Any

import pytest

from lockgate.delivery.earlier import LOOKED_AT
from lockgate.delivery.replay import Replayed, replay
from lockgate.domain.errors import SpecError
from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate_case import GateText
from lockgate.evaluation.shown import evaluation_json
from lockgate.testing.world import PERFSPEC, World, world_under_gate


async def past_of(world: World) -> list[dict[str, Any]]:
    return [evaluation_json(one) for one in await world.store.latest(world.place("staging"))]


async def world_with_past() -> World:
    """Newest first: 0.6.2 passed, 0.6.1 failed."""
    world = await world_under_gate()
    await world.deliver("0.6.1")
    await world.deliver("0.6.2")
    return world


async def replayed(text: str) -> list[Replayed]:
    return list(replay(await past_of(await world_with_past()), GateText("perfspec", "new.json", text)))


async def test_the_same_gate_concludes_the_same() -> None:
    told = await replayed(PERFSPEC)
    assert [(one.now.verdict, one.has_flipped) for one in told] == [(Verdict.PASS, False), (Verdict.FAIL, False)]


async def test_a_milder_gate_would_have_let_the_refused_one_through() -> None:
    told = await replayed(PERFSPEC.replace('"upperSevere": 1,', '"upperSevere": 2,').replace("0.8", "1.9"))
    assert [one.has_flipped for one in told] == [False, True]
    assert (told[1].past["verdict"], told[1].now.verdict) == ("fail", Verdict.PASS)
    assert told[1].now.indicators[0].judged[0].value == 1.2


async def test_what_was_not_measured_then_is_an_error_of_the_replay() -> None:
    told = await replayed(PERFSPEC.replace('"id": "response_time"', '"id": "errors"'))
    assert [one.now.verdict for one in told] == [Verdict.ERROR, Verdict.ERROR]
    assert "it was not measured in that run" in told[0].now.sentence


async def test_what_was_measured_by_another_query_says_nothing() -> None:
    told = await replayed(PERFSPEC.replace("response_time{", "max_response_time{"))
    assert [one.now.verdict for one in told] == [Verdict.ERROR, Verdict.ERROR]
    assert "its query was another one in that run" in told[0].now.sentence


async def test_a_source_that_was_in_trouble_then_is_in_trouble_now() -> None:
    world = await world_under_gate()
    world.monitoring.known = ()
    await world.deliver("0.6.2")
    (one,) = replay(await past_of(world), GateText("perfspec", "new.json", PERFSPEC))
    assert (one.now.verdict, one.has_flipped) == (Verdict.ERROR, False)


async def test_a_value_that_was_stale_then_is_stale_now() -> None:
    past = await past_of(await world_with_past())
    past[0]["indicators"][0]["measurement"]["samples"][0]["timestamp"] -= 3600
    one, _ = replay(past, GateText("perfspec", "new.json", PERFSPEC))
    assert one.now.verdict is Verdict.NO_DATA
    assert "1 of 1 series is stale" in one.now.sentence


async def test_a_gate_that_a_push_would_refuse_is_refused() -> None:
    with pytest.raises(SpecError, match="indicators"):
        await replayed("{}")


async def test_the_past_is_not_touched() -> None:
    world = await world_with_past()
    before = await past_of(world)
    replay(before, GateText("perfspec", "new.json", PERFSPEC.replace("0.8", "0.01")))
    assert await past_of(world) == before


async def test_a_replay_compares_only_with_what_was_measured_by_the_same_query() -> None:
    past = await past_of(await world_with_past())
    relative = PERFSPEC.replace('"upperSevere": 1, "upperWarning": 0.8', '"upperSeverePerc": 10')
    relative = relative.replace('"1.0"', '"1.1"')
    older = {**past[1], "verdict": "pass"}
    gate = GateText("perfspec", "new.json", relative)
    assert replay([past[0], older], gate)[0].now.verdict is Verdict.PASS
    other = {**older, "spec": {**older["spec"], "text": PERFSPEC.replace("response_time{", "other{")}}
    assert replay([past[0], other], gate)[0].now.verdict is Verdict.NO_DATA


async def test_a_replay_looks_for_what_to_compare_with_no_further_back_than_a_delivery() -> None:
    newest, other = await past_of(await world_with_past())
    relative = PERFSPEC.replace('"upperSevere": 1, "upperWarning": 0.8', '"upperSeverePerc": 10')
    gate = GateText("perfspec", "new.json", relative.replace('"1.0"', '"1.1"'))
    having, failed, withdrawn = ({**other, "verdict": "pass"}, other, {**other, "verdict": "pass", "invalidated": "no"})
    lacking = {**having, "indicators": []}
    near = [newest, failed, withdrawn, *[lacking] * (LOOKED_AT - 1), having]
    far = [newest, failed, withdrawn, *[lacking] * LOOKED_AT, having]
    assert [replay(past, gate, newest=1)[0].now.verdict for past in (near, far)] == [Verdict.PASS, Verdict.NO_DATA]


async def test_as_many_runs_are_replayed_as_were_asked_for() -> None:
    past = await past_of(await world_with_past())
    (one,) = replay(past, GateText("perfspec", "new.json", PERFSPEC), newest=1)
    assert one.past == past[0]
