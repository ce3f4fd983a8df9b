"""Killed at any point and started again, a delivery ends as it would have."""

import pytest

from lockgate.domain.delivery import Outcome
from lockgate.testing.world import World, world_under_gate

JOURNEYS = {"0.6.1": Outcome.REJECTED, "0.6.2": Outcome.PROMOTED}


async def points_of(tag: str) -> int:
    world = await world_under_gate()
    already = len(world.engine.points)
    await world.deliver(tag)
    return len(world.engine.points) - already


async def outcome_after_crash(tag: str, nth: int) -> World:
    world = await world_under_gate()
    sent = await world.send(tag)
    world.engine.points.clear()
    world.engine.crash_at("*", nth)
    await world.settle()
    assert world.engine.crashed, f"point {nth} was not reached"
    second = World(restarted=world)
    second.monitoring.world = second
    await second.settle()
    assert (await second.store.delivery(sent.id)).outcome is JOURNEYS[tag], f"killed at point {nth}"
    return second


@pytest.mark.parametrize("tag", sorted(JOURNEYS))
async def test_killed_at_any_point_the_delivery_ends_as_it_would_have(tag: str) -> None:
    points = await points_of(tag)
    assert points > 60
    # Every point of the longer way, with its rollback; of the other, whose first half is the same, each third.
    for nth in range(1, points + 1, 1 if tag == "0.6.1" else 3):
        world = await outcome_after_crash(tag, nth)
        expected = "0.6.2" if tag == "0.6.2" else "0.6.0"
        for stage in ("staging", "production"):
            state = await world.state(stage)
            assert world.live(stage) == expected, f"killed at point {nth}"
            assert state.desired is not None and state.desired.serving.artifact.tag == expected
            assert state.candidate is None


async def test_no_event_is_told_twice_however_often_a_step_is_repeated() -> None:
    world = await world_under_gate()
    calm = await world.deliver("0.6.2")
    wanted = [event.type for event in await world.events(calm.id)]
    for nth in range(1, await points_of("0.6.2"), 7):
        crashed = await outcome_after_crash("0.6.2", nth)
        newest = (await crashed.store.listing())[0]
        assert [event.type for event in await crashed.events(newest.id)] == wanted


async def test_a_lane_goes_on_after_a_crash_in_the_middle_of_another_delivery() -> None:
    world = await world_under_gate()
    await world.send("0.6.1")
    await world.send("0.6.2")
    world.engine.points.clear()
    world.engine.crash_at("*", 40)
    await world.settle()
    second = World(restarted=world)
    second.monitoring.world = second
    await second.settle()
    outcomes = {one.artifact.tag: one.outcome for one in await second.store.listing()}
    assert outcomes == {"0.6.0": Outcome.PROMOTED, "0.6.1": Outcome.REJECTED, "0.6.2": Outcome.PROMOTED}
