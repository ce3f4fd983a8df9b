"""Runs of fixed services: their limit, and what becomes of them when their delivery is over."""

from lockgate.delivery.outside import Patience
from lockgate.domain.delivery import Outcome, RunState, StageRun
from lockgate.domain.names import ServiceName
from lockgate.testing.world import DATABASE, DATABASE_VALUES, SERVICE, VALUES, World

OTHERS = [ServiceName(f"orders-{number}") for number in range(3)]


async def world_of_many(patience: Patience | None = None) -> World:
    """Four services that need one database, which does not come up: each turn of its lane takes two minutes."""
    world = World(patience=patience)
    own: dict[str, str] = {name: VALUES.replace("carts", name) for name in OTHERS}
    await world.create(services={SERVICE: VALUES, **own, DATABASE: DATABASE_VALUES})
    world.cluster.never_ready.add("mongo:latest")
    return world


async def fixed_run(world: World, service: ServiceName) -> tuple[StageRun, str]:
    """And the reason of its delivery's end."""
    (delivery,) = await world.store.listing(service=service)
    (run,) = [run for run in await world.store.stage_runs(delivery.id) if run.fixed]
    assert delivery.outcome is Outcome.ERRORED
    return run, delivery.reason


async def test_the_limit_of_a_fixed_service_counts_from_its_own_turn() -> None:
    world = await world_of_many()
    for name in (SERVICE, *OTHERS):
        await world.send("1.0", service=name, id=name)
    await world.settle()
    for name in (SERVICE, *OTHERS):
        run, reason = await fixed_run(world, name)
        assert "did not come up: not ready after 120 s" in reason
        assert run.started_at is not None and run.outcome is Outcome.ERRORED
    assert await world.store.running() == ()


async def test_a_fixed_service_whose_delivery_gave_up_goes_on_in_its_lane_and_leaves_it_free() -> None:
    world = await world_of_many(Patience(fixed_service=60))
    await world.send("1.0", service=SERVICE, id="first")
    await world.settle()
    run, reason = await fixed_run(world, SERVICE)
    assert "was not settled in 60 s: it goes on in its own lane" in reason
    assert run.state is RunState.FINISHED and "not ready after 120 s" in run.reason
    world.cluster.never_ready.clear()
    assert (await world.deliver("1.1")).outcome is Outcome.PROMOTED


async def test_a_turn_that_comes_late_has_its_whole_time() -> None:
    world = await world_of_many(Patience(fixed_turn=300))  # the third turn comes after 240 s and takes until 360 s
    for name in (SERVICE, *OTHERS):
        await world.send("1.0", service=name, id=name)
    await world.settle()
    _, third = await fixed_run(world, OTHERS[1])
    assert "did not come up: not ready after 120 s" in third
    last, why = await fixed_run(world, OTHERS[2])
    assert "did not get its turn in 300 s" in why
    assert last.state is RunState.FINISHED
