"""Waiting is told while it lasts: for a lane, and for a deployment."""

import pytest

from lockgate.api.views import journey_json
from lockgate.cli.progress import describe
from lockgate.console.delivery_page import delivery_page
from lockgate.delivery import queries
from lockgate.delivery.queueing import tell_held
from lockgate.domain.delivery import DeliveryId
from lockgate.domain.errors import PermanentError
from lockgate.domain.event import Event, EventType
from lockgate.testing.world import IMAGE, SERVICE, VALUES, HeldRunError, World


async def test_each_waiting_run_is_told_who_has_its_lane_and_again_when_it_is_the_next() -> None:
    world = World()
    await world.create()
    first, second, third = [await world.send(tag) for tag in ("1.0", "1.1", "1.2")]
    assert len(await world.store.take_turns(world.clock.now())) == 1
    for _ in range(3):
        await world.queues.tell_waiting(world.outside)
    assert await waits(world, first.id) == []
    taken = f"carts in dev is taken by delivery {first.id} (1.0)"
    assert await waits(world, second.id) == [taken]
    assert await waits(world, third.id) == [f"{taken}, and 1 more before this one"]
    journey = await queries.journey(world.outside, second.id)
    assert [journey.waiting_for(run) for run in journey.runs] == [taken]
    assert journey_json(journey)["runs"][0]["waiting_for"] == taken
    assert delivery_page(journey, world.clock.now()).stages[0].reason == f"waiting: {taken}"
    await world.settle()
    assert (await waits(world, third.id))[1] == f"carts in dev is taken by delivery {second.id} (1.1)"
    ended = await queries.journey(world.outside, third.id)
    assert {ended.waiting_for(run) for run in ended.runs} == {""}


async def test_what_was_told_of_a_queue_is_not_told_again_after_a_restart() -> None:
    world = World()
    await world.create()
    await world.send("1.0")
    second = await world.send("1.1")
    await world.store.take_turns(world.clock.now())
    await world.queues.tell_waiting(world.outside)
    await World(restarted=world).queues.tell_waiting(world.outside)
    assert len(await waits(world, second.id)) == 1


async def test_why_a_deployment_is_not_ready_is_told_once_for_each_reason_and_not_at_once() -> None:
    world = World()
    await world.create()
    world.cluster.never_ready.add(f"{IMAGE}:9.9")
    delivery = await world.deliver("9.9")
    assert await waits(world, delivery.id) == ["deployment carts in sockshop-dev: 0 of 1 pods ready"]
    events = await world.events(delivery.id)
    (told,) = [event for event in events if event.type == EventType.WAITING]
    begun = next(event for event in events if event.data.get("task") == "deploy")
    assert 3 <= (told.time - begun.time).total_seconds() < 4
    assert describe({"type": told.type, "data": told.data}).endswith("waiting: " + str(told.data["waitingfor"]))


async def test_a_wait_does_not_fail_for_what_cannot_be_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    await world.create()
    world.cluster.never_ready.add(f"{IMAGE}:9.9")
    append = world.store.append

    async def refusing(event: Event) -> bool:
        if event.type == EventType.WAITING:
            raise PermanentError("the event log refuses")
        return await append(event)

    monkeypatch.setattr(world.store, "append", refusing)
    delivery = await world.deliver("9.9")
    assert "not ready after 120 s" in delivery.reason


async def waits(world: World, delivery: DeliveryId) -> list[str]:
    def is_wait(event: Event) -> bool:
        return event.type == EventType.WAITING

    return [str(event.data["waitingfor"]) for event in await world.events(delivery) if is_wait(event)]


async def test_a_run_that_no_branch_of_the_story_fits_is_told_once_with_the_way_out() -> None:
    world = World()
    await world.create(services={SERVICE: VALUES})
    sent = await world.send("1.0")
    world.engine.crash_at("deploy:after")
    await world.settle()
    world.journal.records = [
        (run, "scheme" if name == "plan" else name, text) for run, name, text in world.journal.records
    ]
    newer = World(restarted=world)
    with pytest.raises(HeldRunError):
        await newer.settle()
    for _ in range(2):
        await tell_held(newer.outside, newer.engine.held)
    (told,) = await waits(newer, sent.id)
    assert "a release that knows it" in told and "'scheme'" in told
    await tell_held(newer.outside, dict.fromkeys(newer.engine.held, "something else is missing"))
    assert "something else is missing" in (await waits(newer, sent.id))[-1]
    assert "start the release that began it again" in told
