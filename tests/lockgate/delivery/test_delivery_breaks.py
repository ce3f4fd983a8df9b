"""Things that break in the middle of the story: everything goes back all the same, and no lane stands still."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from lockgate.delivery import lanes
from lockgate.domain.delivery import DeliveryId, Outcome
from lockgate.domain.errors import PermanentError, TransientError
from lockgate.domain.event import Event, EventType
from lockgate.domain.manifest import Manifest
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.testing import CheckRequest
from lockgate.ports.config_repo import STATE, Revision
from lockgate.testing.world import DATABASE, DATABASE_VALUES, SERVICE, VALUES, HeldRunError, World, world_under_gate
from lockgate.workflow.protocol import StepFailedError


def refuse_commits(monkeypatch: pytest.MonkeyPatch, world: World, words: str) -> None:
    """Git refuses each commit on branch `state` whose message holds *words*."""
    commit = world.repo.commit

    async def failing(
        project: ProjectName, branch: str, expected: Revision, changes: Mapping[str, str | None], message: str
    ) -> Revision:
        if branch == STATE and words in message:
            raise PermanentError("git refuses")
        return await commit(project, branch, expected, changes, message)

    monkeypatch.setattr(world.repo, "commit", failing)


async def settle_without_storing_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise PermanentError("database is gone")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "finish", away)
        with pytest.raises(StepFailedError, match="database is gone"):
            await world.settle()


async def ends(world: World, delivery: DeliveryId) -> None:
    """While turns are given as an installation gives them."""
    turning = asyncio.create_task(lanes.keep_turning(world.outside, world.engine, every=0.01))
    cursor = (await world.store.since(0))[-1].cursor
    while (await world.store.delivery(delivery)).outcome is None:
        assert await world.store.wait_beyond(cursor, 30), "nothing happened for half a minute"
        cursor = (await world.store.since(cursor))[-1].cursor
    turning.cancel()


async def assert_all_is_back(world: World) -> None:
    assert world.live("staging") == "0.6.0"
    state = await world.state("staging")
    assert state.candidate is None
    assert state.verified is not None and state.verified.serving.artifact.tag == "0.6.0"


async def test_a_verdict_that_cannot_be_told_still_puts_a_refused_artifact_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_under_gate()
    append = world.store.append

    async def failing(event: Event) -> bool:
        if event.type == EventType.EVALUATION_DONE and event.data["stage"] == "staging":
            raise PermanentError("the event log refuses")
        return await append(event)

    monkeypatch.setattr(world.store, "append", failing)
    delivery = await world.deliver("0.6.1")
    assert delivery.outcome is Outcome.REJECTED
    await assert_all_is_back(world)


async def test_a_promotion_that_git_refuses_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    refuse_commits(monkeypatch, world, "verified in staging")
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "git refuses" in delivery.reason
    await assert_all_is_back(world)


async def test_a_bug_in_the_middle_goes_back_and_the_lane_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()

    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("lockgate.delivery.deploy.routes", broken)
        delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert world.running("dev") == {"carts": "0.6.0"}
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED


async def test_a_part_of_the_way_back_that_fails_does_not_keep_the_others_from_being_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_under_gate()
    refuse_commits(monkeypatch, world, "did not hold")
    delivery = await world.deliver("0.6.1")
    assert delivery.outcome is Outcome.REJECTED
    assert "could not all be put back" in delivery.reason
    assert world.running("staging") == {"carts-blue": "0.6.0", "carts-green": "0.6.0"}
    told = [event for event in await world.events(delivery.id) if event.type == EventType.ROLLBACK_FINISHED]
    assert "git refuses" in told[0].data["note"]


async def test_a_bug_in_one_part_of_the_way_back_does_not_keep_the_others_from_being_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_under_gate()

    def broken(*_: Any, **__: Any) -> Any:
        raise KeyError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("lockgate.delivery.rollback.routes", broken)
        delivery = await world.deliver("0.6.1")
    assert delivery.outcome is Outcome.REJECTED
    assert "could not all be put back: internal error" in delivery.reason
    state = await world.state("staging")
    assert state.candidate is None
    assert world.running("staging") == {"carts-blue": "0.6.0", "carts-green": "0.6.0"}


async def test_traffic_that_could_not_be_put_back_is_put_back_before_the_next_release_is_deployed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_under_gate()
    with monkeypatch.context() as patched:
        apply = world.cluster.apply

        async def failing(objects: Sequence[Manifest], fence: int | None) -> None:
            loaded = any(check.place.stage == "staging" for check in world.tester.started)
            if loaded and any(each["kind"] == "VirtualService" for each in objects):
                raise PermanentError("the API server refuses")
            await apply(objects, fence)

        world.tester.started.clear()
        patched.setattr(world.cluster, "apply", failing)
        delivery = await world.deliver("0.6.1")
    assert "could not all be put back: traffic back: the API server refuses" in delivery.reason
    namespace = "sockshop-staging"
    stranded = world.cluster.weights(namespace, SERVICE)
    before = len(world.cluster.history)
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED
    writes = [
        write
        for write in world.cluster.history[before:]
        if write.ref.namespace == namespace and (write.weights or write.ref.kind == "Deployment")
    ]
    assert writes[0].weights is not None and writes[0].weights != stranded
    assert writes[1].ref.kind == "Deployment"


async def test_a_database_that_is_older_than_git_costs_one_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    head = await world.repo.head(world.place("dev").project, STATE)
    files = await world.repo.files(world.place("dev").project, head)
    path = "stages/dev/carts.yaml"
    newer = files[path].replace("fence: 1", "fence: 40")
    assert newer != files[path]
    await world.repo.commit(world.place("dev").project, STATE, head, {path: newer}, "a later turn")
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "turn 40 wrote" in delivery.reason and "send the artifact again" in delivery.reason
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED


async def test_a_run_that_a_later_turn_overtakes_writes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    start = world.tester.start

    async def overtaken(request: CheckRequest) -> None:
        await start(request)
        place = request.place
        head = await world.repo.head(place.project, STATE)
        path = f"stages/{place.stage}/carts.yaml"
        files = await world.repo.files(place.project, head)
        newer = files[path].replace(f"fence: {request.fence}", f"fence: {request.fence + 1}")
        await world.repo.commit(place.project, STATE, head, {path: newer}, "a later turn")

    with monkeypatch.context() as patched:
        patched.setattr(world.tester, "start", overtaken)
        delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "a later turn of this lane is at work" in delivery.reason


async def test_an_end_that_could_not_be_stored_the_first_time_is_still_what_was_concluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_under_gate()
    finish, failures = world.store.finish, iter([PermanentError("given up")])

    async def failing(*given: Any) -> None:
        for error in failures:
            raise error
        await finish(*given)

    monkeypatch.setattr(world.store, "finish", failing)
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.PROMOTED
    assert world.live("production") == "0.6.2"


async def test_a_turn_whose_end_could_not_be_stored_does_not_keep_its_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    sent = await world.send("0.6.2")
    await settle_without_storing_ends(world, monkeypatch)
    assert (await world.store.delivery(sent.id)).outcome is None
    await lanes.end_lost_turns(world.outside, world.engine)
    delivery = await world.store.delivery(sent.id)
    assert delivery.outcome is Outcome.ERRORED
    assert "its end could not be stored" in delivery.reason
    world.journal.ended = dict.fromkeys(world.journal.ended)
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED


async def test_what_cannot_be_told_of_queues_keeps_no_lane_from_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    sent, _ = await world.send("0.6.2"), await world.send("0.6.3")
    await settle_without_storing_ends(world, monkeypatch)
    append = world.store.append

    async def refusing(event: Event) -> bool:
        if event.type == EventType.WAITING:
            raise PermanentError("the event log refuses")
        return await append(event)

    monkeypatch.setattr(world.store, "append", refusing)
    await ends(world, sent.id)
    assert "its end could not be stored" in (await world.store.delivery(sent.id)).reason


async def test_a_fallback_route_is_rendered_as_its_own_release_was() -> None:
    world = await world_under_gate()
    await world.push({"carts/values.yaml": VALUES.replace("name: carts,", "name: carts, protocol: tcp,")})
    await world.deliver("0.6.1")
    await assert_all_is_back(world)
    route = next(
        manifest
        for ref, manifest in world.cluster.objects.items()
        if ref.kind == "VirtualService" and ref.name == "sockshop-staging-carts"
    )
    assert len(route["spec"]["hosts"]) == 7


async def test_a_fixed_service_that_two_deliveries_need_is_settled_once() -> None:
    world = World()
    await world.create(
        services={SERVICE: VALUES, "orders": VALUES.replace("carts", "orders"), DATABASE: DATABASE_VALUES}
    )
    await world.send("1.0")
    await world.send("1.0", service=type(SERVICE)("orders"), id="orders")
    await world.settle()
    applied = [
        write for write in world.cluster.history if write.ref.name == "carts-db" and write.ref.kind == "Deployment"
    ]
    assert len(applied) == 1


async def test_a_delivery_whose_stages_were_reordered_under_it_ends_and_says_so() -> None:
    world = await world_under_gate()
    sent = await world.send("0.6.2")
    await lanes.give_turns(world.outside, world.engine)
    reordered = (
        "stages:\n"
        "  - {name: staging, deployment_strategy: blue_green_service, test_strategy: performance}\n"
        "  - {name: dev, deployment_strategy: direct, test_strategy: functional}\n"
    )

    async def after_dev() -> bool:
        return "staging" in await world.runs(sent)

    while not await after_dev():
        await lanes.give_turns(world.outside, world.engine)
        await world.clock.sleep(0.05)
    await world.push({"shipyard.yaml": reordered})
    await world.settle()
    delivery = await world.store.delivery(sent.id)
    assert delivery.outcome is Outcome.ERRORED
    assert "reordered" in delivery.reason


async def test_an_evaluation_that_was_saved_before_a_crash_is_the_one_that_counts() -> None:
    world = await world_under_gate()
    sent = await world.send("0.6.2")
    world.engine.crash_at("assess:after")
    await world.settle()
    second = World(restarted=world)
    second.monitoring.world = second
    second.monitoring.away = True
    await second.settle()
    delivery = await second.store.delivery(sent.id)
    assert delivery.outcome is Outcome.PROMOTED


async def test_a_turn_that_cannot_be_started_keeps_no_other_lane_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world, orders = World(), ServiceName("orders")
    await world.create(services={orders: VALUES.replace(SERVICE, orders), SERVICE: VALUES})
    await world.settle()
    stuck, sent = await world.send("2.0", service=orders), await world.send("1.0")
    start, tries = world.engine.start, 0

    async def failing(workflow: str, id: str, argument: str) -> None:
        nonlocal tries
        if "orders" in argument:
            tries += 1
            raise TransientError("database is locked")
        await start(workflow, id, argument)

    with monkeypatch.context() as patched:
        patched.setattr(world.engine, "start", failing)
        await ends(world, sent.id)
    assert (await world.store.delivery(sent.id)).outcome is Outcome.PROMOTED
    assert (await world.store.delivery(stuck.id)).outcome is None
    assert tries > 1
    await ends(world, stuck.id)
    assert (await world.store.delivery(stuck.id)).outcome is Outcome.PROMOTED


async def test_a_run_that_this_release_cannot_read_waits_for_one_that_can() -> None:
    world = World()
    await world.create(services={SERVICE: VALUES})
    sent = await world.send("1.0")
    world.engine.crash_at("deploy:after")
    await world.settle()
    (known,) = world.journal.runs.items()
    world.journal.runs[known[0]] = (lanes.WORKFLOW, '{"place":"elsewhere"}')
    newer = World(restarted=world)
    with pytest.raises(HeldRunError, match="what this run is about cannot be read by this release"):
        await newer.settle()
    assert (await newer.store.delivery(sent.id)).outcome is None
    world.journal.runs[known[0]] = known[1]
    again = World(restarted=newer)
    await again.settle()
    assert (await again.store.delivery(sent.id)).outcome is Outcome.PROMOTED


async def test_a_store_that_is_away_for_a_moment_stops_no_lane_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_under_gate()
    sent = await world.send("0.6.2")
    take, tries = world.store.take_turns, iter([TransientError("locked"), OSError("disk is full")])

    async def failing(now: Any) -> Any:
        for error in tries:
            raise error
        return await take(now)

    monkeypatch.setattr(world.store, "take_turns", failing)
    await ends(world, sent.id)
    assert (await world.store.delivery(sent.id)).outcome is Outcome.PROMOTED
