"""The document's three journeys, and what may go wrong on them, in a World."""

from lockgate.domain.delivery import Outcome
from lockgate.domain.evaluation import Verdict
from lockgate.domain.event import EventType
from lockgate.domain.release import BlueGreenState, Colour, Weights
from lockgate.testing.world import DATABASE, World, world_under_gate


async def test_the_first_artifact_reaches_production_on_both_colours_with_the_traffic_on_green() -> None:
    world = World()
    await world.create()
    delivery = await world.deliver("0.6.0")
    assert delivery.outcome is Outcome.PROMOTED
    assert world.running("dev") == {"carts": "0.6.0"}
    for stage in ("staging", "production"):
        assert world.running(stage) == {"carts-blue": "0.6.0", "carts-green": "0.6.0"}
        assert world.cluster.weights(f"sockshop-{stage}", "carts") == Weights(blue=0, green=100)


async def test_each_colour_has_a_release_of_its_own() -> None:
    world = World()
    await world.create()
    await world.deliver("0.6.0")
    state = (await world.state("staging")).verified
    assert isinstance(state, BlueGreenState)
    assert state.blue.id != state.green.id


async def test_a_database_is_settled_in_each_stage_on_both_colours_with_the_traffic_on_blue() -> None:
    world = World()
    await world.create()
    await world.deliver("0.6.0")
    for stage in ("staging", "production"):
        assert world.running(stage, DATABASE) == {"carts-db-blue": "latest", "carts-db-green": "latest"}
        assert world.cluster.weights(f"sockshop-{stage}", DATABASE) == Weights(blue=100, green=0)
    assert world.running("dev", DATABASE) == {"carts-db": "latest"}


async def test_a_settled_database_is_left_alone_by_the_next_artifact() -> None:
    world = await world_under_gate()
    before = len([write for write in world.cluster.history if write.ref.name.startswith("carts-db")])
    await world.deliver("0.6.2")
    assert len([write for write in world.cluster.history if write.ref.name.startswith("carts-db")]) == before


async def test_a_slow_artifact_is_refused_by_the_gate_and_staging_goes_back() -> None:
    world = await world_under_gate()
    before = await world.state("staging")
    delivery = await world.deliver("0.6.1")
    assert delivery.outcome is Outcome.REJECTED
    assert "1.2" in delivery.reason and "upperSevere" in delivery.reason
    assert world.live("staging") == "0.6.0"
    assert world.running("staging") == {"carts-blue": "0.6.0", "carts-green": "0.6.0"}
    assert (await world.state("staging")).desired == before.desired
    evaluation = await world.evaluation("staging")
    assert evaluation.verdict is Verdict.FAIL
    assert evaluation.indicators[0].violations[0].breach == "upperSevere"


async def test_a_refused_artifact_never_comes_near_the_next_stage() -> None:
    world = await world_under_gate()
    writes = len([write for write in world.cluster.history if write.ref.namespace == "sockshop-production"])
    delivery = await world.deliver("0.6.1")
    assert set(await world.runs(delivery)) == {"dev", "staging"}
    assert len([write for write in world.cluster.history if write.ref.namespace == "sockshop-production"]) == writes


async def test_a_fast_artifact_after_a_refused_one_reaches_production_as_in_the_documents_listing() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.1")
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED
    assert world.running("production") == {"carts-blue": "0.6.2", "carts-green": "0.6.0"}
    assert world.cluster.weights("sockshop-production", "carts") == Weights(blue=100, green=0)


async def test_the_traffic_of_a_refused_artifact_moves_there_and_back_once() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.1")
    assert world.cluster.weight_history("sockshop-staging", "carts") == (
        Weights.all_on(Colour.GREEN),
        Weights.all_on(Colour.BLUE),
        Weights.all_on(Colour.GREEN),
    )


async def test_a_full_journey_tells_the_documents_events_in_order() -> None:
    world = await world_under_gate()
    delivery = await world.deliver("0.6.2")
    told = [event.type for event in await world.events(delivery.id) if event.type.startswith("sh.keptn.")]
    stage = [EventType.CONFIGURATION_CHANGED, EventType.DEPLOYMENT_FINISHED]
    tested = [*stage, EventType.TESTS_FINISHED, EventType.EVALUATION_DONE, EventType.NEW_ARTIFACT]
    assert told == [EventType.NEW_ARTIFACT, *tested, *tested, *stage]


async def test_the_gate_is_read_at_the_revision_that_the_stage_run_pinned() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.2")
    evaluation = await world.evaluation("staging")
    run = (await world.runs(await world.deliver("0.6.3")))["staging"]
    assert evaluation.spec.path == "carts/perfspec/perfspec.json"
    assert run.verdict == "no_data"  # nothing was measured of 0.6.3


async def test_an_artifact_without_measurements_is_unjudged_and_put_back_but_not_rejected() -> None:
    world = await world_under_gate()
    delivery = await world.deliver("0.9.9")
    assert delivery.outcome is Outcome.UNJUDGED
    assert world.live("staging") == "0.6.0"


async def test_a_monitoring_system_that_is_away_ends_the_run_as_errored_and_puts_it_back() -> None:
    world = await world_under_gate()
    world.monitoring.away = True
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "connection refused" in delivery.reason
    assert world.live("staging") == "0.6.0"


async def test_a_warning_promotes_and_stands_as_a_warning() -> None:
    world = await world_under_gate()
    world.monitoring.seconds["0.6.2"] = 0.9
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.PROMOTED
    assert (await world.runs(delivery))["staging"].verdict == "warning"
