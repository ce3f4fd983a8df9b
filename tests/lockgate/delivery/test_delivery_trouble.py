"""What goes wrong on the way, and that everything goes back each time, with a reason."""

import asyncio
import logging

import pytest

from lockgate.delivery import intake, onboarding
from lockgate.delivery.outside import Patience
from lockgate.delivery.push import check_push
from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import Outcome
from lockgate.domain.errors import ConflictError, InvalidError, NotFoundError
from lockgate.domain.event import EventType
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.testing import Check, CheckTrouble
from lockgate.ports.config_repo import MAIN
from lockgate.testers.memory import Tally
from lockgate.testing.world import (
    DATABASE,
    DATABASE_VALUES,
    IMAGE,
    LOCUST_FILE,
    PERFSPEC,
    SERVICE,
    VALUES,
    World,
    world_under_gate,
)


async def assert_staging_is_as_before(world: World) -> None:
    assert world.live("staging") == "0.6.0"
    assert world.running("staging") == {"carts-blue": "0.6.0", "carts-green": "0.6.0"}
    state = await world.state("staging")
    assert state.candidate is None
    assert state.verified is not None
    assert state.verified.serving.artifact.tag == "0.6.0"


SLO = """objectives:
  - {sli: response_time, pass: [{criteria: ["<1"]}], firstRun: pass}
comparison: {include_result_with_score: pass}
total_score: {pass: "90%"}
"""
SLI = """indicators: {response_time: "response_time{release='$RELEASE'}"}
"""


async def test_an_image_that_cannot_be_pulled_ends_its_first_stage_at_once_with_the_platforms_words() -> None:
    world = World()
    await world.create()
    world.cluster.broken_images[f"{IMAGE}:9.9"] = "image is not in the catalogue: add it to images.toml"
    before = world.clock.now()
    delivery = await world.deliver("9.9")
    assert delivery.outcome is Outcome.ERRORED
    assert "add it to images.toml" in delivery.reason
    assert (world.clock.now() - before).total_seconds() < world.outside.patience.rollout


async def test_a_failed_first_artifact_leaves_nothing_of_the_service_behind() -> None:
    world = World()
    await world.create()
    world.cluster.never_ready.add(f"{IMAGE}:9.9")
    await world.deliver("9.9")
    assert world.running("dev") == {}
    assert not world.holds("VirtualService", "dev", "sockshop-dev-carts")
    assert (await world.state("dev")).desired is None


async def test_a_direct_stage_goes_back_to_the_version_before_when_the_new_one_does_not_get_ready() -> None:
    world = await world_under_gate()
    world.cluster.never_ready.add(f"{IMAGE}:9.9")
    delivery = await world.deliver("9.9")
    assert delivery.outcome is Outcome.ERRORED
    assert world.running("dev") == {"carts": "0.6.0"}


async def test_one_failed_request_fails_a_functional_check_and_rejects() -> None:
    world = await world_under_gate()
    world.tester.script[(world.place("dev").stage, Check.FUNCTIONAL)] = Tally(
        requests=2, failures=1, errors=("POST /carts/1/items: HTTP 500",)
    )
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.REJECTED
    assert "1 of 2 requests failed" in delivery.reason
    assert "HTTP 500" in delivery.reason
    assert world.running("dev") == {"carts": "0.6.0"}


async def test_a_tenth_of_failed_requests_is_borne_by_a_performance_check_and_more_is_not() -> None:
    world = await world_under_gate()
    staging = world.place("staging").stage
    world.tester.script[(staging, Check.PERFORMANCE)] = Tally(requests=100, failures=10)
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED
    world.tester.script[(staging, Check.PERFORMANCE)] = Tally(requests=100, failures=11)
    assert (await world.deliver("0.6.2")).outcome is Outcome.REJECTED


async def test_failed_tests_are_told_as_an_evaluation_that_did_not_pass() -> None:
    world = await world_under_gate()
    world.tester.script[(world.place("staging").stage, Check.PERFORMANCE)] = Tally(requests=10, failures=5)
    delivery = await world.deliver("0.6.2")
    done = [event for event in await world.events(delivery.id) if event.type == EventType.EVALUATION_DONE]
    assert [event.data["evaluationpassed"] for event in done] == [True, False]


async def test_a_check_that_sends_no_request_judges_nothing() -> None:
    world = await world_under_gate()
    world.tester.script[(world.place("staging").stage, Check.PERFORMANCE)] = Tally(requests=0)
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    await assert_staging_is_as_before(world)


async def test_a_check_that_cannot_be_carried_out_is_no_judgement() -> None:
    world = await world_under_gate()
    world.tester.script[(None, Check.PERFORMANCE)] = CheckTrouble("the Locust file has no task tagged performance")
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "no task tagged performance" in delivery.reason
    await assert_staging_is_as_before(world)


async def test_a_check_that_never_ends_is_given_up_and_put_back() -> None:
    world = await world_under_gate()
    world.tester.held.add(Check.PERFORMANCE)
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    await assert_staging_is_as_before(world)


async def test_after_the_first_promotion_a_missing_perfspec_is_owed_and_named() -> None:
    world = World()
    await world.create()
    await world.deliver("0.6.0")
    delivery = await world.deliver("0.6.1")
    assert delivery.outcome is Outcome.ERRORED
    assert "carts/perfspec/perfspec.json" in delivery.reason
    await assert_staging_is_as_before(world)


async def test_a_perfspec_that_was_there_once_is_owed_even_by_the_first_artifact() -> None:
    world = World()
    await world.create()
    await world.set_gate(PERFSPEC)
    await world.set_gate(None)
    delivery = await world.deliver("0.6.0")
    assert delivery.outcome is Outcome.ERRORED
    assert world.running("staging") == {}


async def test_a_database_that_does_not_come_up_ends_the_delivery_that_needs_it() -> None:
    world = World()
    await world.create()
    world.cluster.broken_images["mongo:latest"] = "mongo is not in the catalogue"
    delivery = await world.deliver("0.6.0")
    assert delivery.outcome is Outcome.ERRORED
    assert "mongo is not in the catalogue" in delivery.reason


async def test_a_metric_source_that_nobody_knows_is_an_error_that_lists_the_known_ones() -> None:
    world = await world_under_gate()
    world.monitoring.known = ("dynatrace",)
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "known are dynatrace" in delivery.reason


async def test_a_cluster_that_is_away_for_a_moment_costs_nothing() -> None:
    world = await world_under_gate()
    await world.send("0.6.2")
    world.cluster.unavailable = True

    async def comes_back() -> None:
        await world.clock.sleep(3)
        world.cluster.unavailable = False

    back = asyncio.create_task(comes_back())
    await world.settle()
    await back
    assert (await world.store.listing())[0].outcome is Outcome.PROMOTED


async def test_a_metric_source_that_is_away_for_a_moment_costs_nothing() -> None:
    world = await world_under_gate()
    world.monitoring.away = True
    await world.send("0.6.2")

    async def comes_back() -> None:
        judging = {"stage": "staging", "task": "evaluation_done", "tag": "0.6.2"}.items()
        while not any(judging <= event.data.items() for event in await world.store.since(0)):
            await world.clock.sleep(1)
        await world.clock.sleep(world.outside.patience.settle + 5)
        world.monitoring.away = False

    back = asyncio.create_task(comes_back())
    await world.settle()
    await back
    assert (await world.store.listing())[0].outcome is Outcome.PROMOTED


async def test_a_cold_fallback_does_not_stop_the_release_that_may_mend_it_and_is_told() -> None:
    world = await world_under_gate()
    world.cluster.never_ready.add(f"{IMAGE}:0.6.0")
    world.cluster.never_ready.discard(f"{IMAGE}:0.6.2")
    delivery = await world.deliver("0.6.2")
    told = [event for event in await world.events(delivery.id) if event.type == EventType.DEPLOYMENT_FINISHED]
    staging = next(event for event in told if event.data["stage"] == "staging")
    assert staging.data["fallback"] != "warm"
    assert delivery.outcome is Outcome.PROMOTED


async def test_the_same_event_twice_is_one_delivery() -> None:
    world = World()
    await world.create()
    first = await world.send("0.6.0", id="same")
    assert (await world.send("0.6.0", id="same")).id == first.id
    await world.settle()
    assert len(await world.store.listing()) == 1


async def test_two_artifacts_at_once_go_one_after_the_other_through_each_lane() -> None:
    world = await world_under_gate()
    world.monitoring.seconds["0.6.3"] = 0.05
    second = await world.send("0.6.2")
    third = await world.send("0.6.3")
    await world.settle()
    runs = [await world.runs(delivery) for delivery in (second, third)]
    for stage in ("dev", "staging", "production"):
        earlier, later = runs[0][stage], runs[1][stage]
        assert earlier.finished_at is not None and later.started_at is not None
        assert earlier.finished_at <= later.started_at
    assert world.live("production") == "0.6.3"
    state = await world.state("production")
    assert state.desired is not None and state.desired.serving.artifact.tag == "0.6.3"


async def test_an_unknown_project_or_service_is_refused_at_the_door_with_the_known_ones() -> None:
    world = World()
    await world.create()
    with pytest.raises(NotFoundError, match="carts, carts-db"):
        await world.send("1", service=ServiceName("cart"))


async def test_a_service_with_a_fixed_image_takes_no_artifact() -> None:
    world = World()
    await world.create()
    with pytest.raises(InvalidError, match="fixed image mongo:latest"):
        await world.send("1", service=DATABASE)


async def test_a_stage_that_changed_its_strategy_under_a_running_service_is_refused() -> None:
    world = await world_under_gate()
    changed = "stages:\n  - {name: dev, deployment_strategy: blue_green_service, test_strategy: functional}\n"
    await world.push({"shipyard.yaml": changed})
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "put the old deployment_strategy back" in delivery.reason


async def test_a_rejected_artifact_may_be_sent_again_and_the_old_verdict_is_named() -> None:
    world = await world_under_gate()
    world.monitoring.seconds["0.6.1"] = 2.0
    await world.deliver("0.6.1")
    world.monitoring.seconds["0.6.1"] = 0.1
    assert (await world.deliver("0.6.1")).outcome is Outcome.PROMOTED


async def test_a_project_with_other_names_and_four_stages_is_delivered_alike() -> None:
    world = World()
    shipyard = "".join(
        ["stages:\n"] + [f"  - {{name: s{number}, deployment_strategy: blue_green_service}}\n" for number in range(4)]
    )
    values = VALUES.replace("name: carts", "name: foo-bar")
    await world.create(shipyard, {"foo-bar": values})
    delivery = await world.deliver("1.0", service=ServiceName("foo-bar"))
    assert delivery.outcome is Outcome.PROMOTED
    assert world.running("s3", "foo-bar") == {"foo-bar-blue": "1.0", "foo-bar-green": "1.0"}


async def test_a_rejection_that_a_later_promotion_overtook_is_not_warned_of() -> None:
    world = await world_under_gate()
    await world.deliver("0.6.1")
    world.monitoring.seconds["0.6.1"] = 0.1
    assert (await world.deliver("0.6.1")).outcome is Outcome.PROMOTED
    new = intake.NewArtifact(
        id="third", source="test", context="", time=world.clock.now(), project=world.place("dev").project,
        service=world.place("dev").service, artifact=Artifact(image=IMAGE, tag="0.6.1"),
    )  # fmt: skip
    assert (await intake.accept(world.outside, new)).warnings == ()


async def test_two_projects_cannot_share_a_namespace() -> None:
    world = World()
    stages = "stages:\n  - {{name: {}, deployment_strategy: direct}}\n"
    await world.create(stages.format("eu-dev"), project=ProjectName("shop"))
    with pytest.raises(ConflictError, match="shop-eu-dev belongs to project shop"):
        await world.create(stages.format("dev"), project=ProjectName("shop-eu"))


async def test_a_push_that_takes_a_namespace_of_another_project_is_refused_with_its_file() -> None:
    world = World()
    stages = "stages:\n  - {{name: {}, deployment_strategy: direct}}\n"
    await world.create(stages.format("eu-dev"), project=ProjectName("shop"))
    await world.create(stages.format("prod"), project=ProjectName("shop-eu"))
    taken = await check_push(world.outside, ProjectName("shop-eu"), {"shipyard.yaml": stages.format("dev")})
    assert [str(fault) for fault in taken.faults] == [
        "shipyard.yaml: stages: namespace shop-eu-dev belongs to project shop: "
        "give the project or the stage another name"
    ]
    free = await check_push(world.outside, ProjectName("shop-eu"), {"shipyard.yaml": stages.format("test")})
    assert free.faults == ()


async def test_a_push_that_removes_a_gate_is_accepted_with_a_warning() -> None:
    world = await world_under_gate()
    place = world.place("staging")
    files = await world.repo.files(place.project, await world.repo.head(place.project, MAIN))
    path = "carts/perfspec/perfspec.json"
    left = {name: text for name, text in files.items() if name != path}
    found = await check_push(world.outside, place.project, left, (path,))
    assert found.faults == ()
    assert found.remarks[-1].startswith(f"{path} is removed: while carts has no gate")
    assert (await check_push(world.outside, place.project, files, (path,))).remarks == ()
    slo = {**left, "carts/slo.yaml": SLO, "carts/sli.yaml": SLI}
    assert not [each for each in (await check_push(world.outside, place.project, slo, (path,))).remarks if path in each]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("performance", "functional"), "stage staging has test_strategy functional and had performance"),
        ((", test_strategy: performance", ""), "stage staging has test_strategy (none) and had performance"),
        (("name: staging", "name: hardening"), "stage staging is removed"),
    ],
)
async def test_a_push_after_which_a_gate_is_asked_no_more_is_accepted_with_a_warning(
    change: tuple[str, str], told: str
) -> None:
    world = await world_under_gate()
    project = world.place("staging").project
    files = dict(await world.repo.files(project, await world.repo.head(project, MAIN)))
    assert (await check_push(world.outside, project, files, ("shipyard.yaml",))).remarks == ()
    changed = {**files, "shipyard.yaml": files["shipyard.yaml"].replace(*change)}
    found = await check_push(world.outside, project, changed, ("shipyard.yaml",))
    assert found.faults == ()
    assert found.remarks[-1] == (
        f"shipyard.yaml: {told}: the quality gate of carts is asked there no more, "
        "and artifacts go on without its verdict"
    )
    ungated = {path: text for path, text in changed.items() if "perfspec/perfspec.json" not in path}
    assert not [
        each
        for each in (await check_push(world.outside, project, ungated, ("shipyard.yaml",))).remarks
        if "gate" in each
    ]


async def test_a_push_that_removes_a_stage_or_a_service_says_what_stays() -> None:
    world = await world_under_gate()
    project = world.place("staging").project
    files = dict(await world.repo.files(project, await world.repo.head(project, MAIN)))
    renamed = {**files, "shipyard.yaml": files["shipyard.yaml"].replace("name: staging", "name: hardening")}
    assert (await check_push(world.outside, project, renamed, ("shipyard.yaml",))).remarks[0] == (
        "shipyard.yaml: stage staging is removed: no artifact gets there any more, and what runs in namespace "
        "sockshop-staging stays; a stage of another name begins with nothing"
    )
    gone = tuple(path for path in files if path.startswith("carts/"))
    left = {path: text for path, text in files.items() if path not in gone}
    assert (await check_push(world.outside, project, left, gone)).remarks == (
        "service carts is removed: nothing of it is deployed any more, also where another service needs it; "
        "what runs of it stays",
    )


async def test_a_removed_gate_is_noticed_before_anything_is_deployed() -> None:
    world = await world_under_gate()
    await world.push({"carts/perfspec/perfspec.json": None})
    before = [write for write in world.cluster.history if write.ref.namespace == "sockshop-staging"]
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "git log -1 -- carts/perfspec/perfspec.json names the commit" in delivery.reason
    assert [write for write in world.cluster.history if write.ref.namespace == "sockshop-staging"] == before


@pytest.mark.parametrize(("tag", "outcome"), [("0.6.1", Outcome.REJECTED), ("0.6.2", Outcome.PROMOTED)])
async def test_an_slo_file_is_a_gate_like_any_other(tag: str, outcome: Outcome) -> None:
    world = await world_under_gate()
    await world.push({"carts/perfspec/perfspec.json": None, "carts/slo.yaml": SLO, "carts/sli.yaml": SLI})
    delivery = await world.deliver(tag)
    assert delivery.outcome is outcome
    evaluation = await world.evaluation("staging")
    assert (evaluation.spec.path, evaluation.in_percent) == ("carts/slo.yaml", True)
    assert evaluation.score == (100 if outcome is Outcome.PROMOTED else 0)


async def test_a_release_that_is_slower_than_the_one_before_is_refused() -> None:
    world = await world_under_gate()
    slower = SLO.replace('"<1"', '"<=+10%"')
    await world.push({"carts/perfspec/perfspec.json": None, "carts/slo.yaml": slower, "carts/sli.yaml": SLI})
    world.monitoring.seconds = {"0.6.2": 0.1, "0.6.3": 0.12, "0.6.4": 0.105}
    outcomes = [(await world.deliver(tag)).outcome for tag in ("0.6.2", "0.6.3", "0.6.4")]
    assert outcomes == [Outcome.PROMOTED, Outcome.REJECTED, Outcome.PROMOTED]
    newest, slow, base = await world.store.latest(world.place("staging"))
    assert (slow.compared_with, newest.compared_with) == ((base.id,), (base.id,))
    assert "+10 % of 0.1" in slow.sentence


async def test_a_fixed_service_is_not_settled_for_a_delivery_that_is_over() -> None:
    world = World(patience=Patience(fixed_turn=180))
    own = {name: VALUES.replace("carts", name) for name in ("orders", "shipping")}
    await world.create(services={SERVICE: VALUES, **own, DATABASE: DATABASE_VALUES})
    world.cluster.never_ready.add("mongo:latest")
    sent = [await world.send("1.0", service=ServiceName(name), id=name) for name in (SERVICE, *own)]
    await world.settle()
    last = [run for run in await world.store.stage_runs(sent[-1].id) if run.fixed]
    assert "was over before the turn of" in last[0].reason


async def test_the_log_says_how_each_stage_run_ended(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="lockgate")
    world = await world_under_gate()
    caplog.clear()
    sent = await world.deliver("0.6.1")
    told = [record.getMessage() for record in caplog.records if record.name == "lockgate.delivery.finish"]
    assert [line.split(": ")[:3] for line in told] == [
        [f"delivery {sent.id}", "carts 0.6.1 in dev of sockshop", "promoted"],
        [f"delivery {sent.id}", "carts 0.6.1 in staging of sockshop", "rejected"],
    ]
    assert "upperSevere" in told[1]


async def test_a_fixed_image_does_not_lead_around_a_gate() -> None:
    world = await world_under_gate()
    fixed = VALUES.replace("{repository: null, tag: null}", f"{{repository: {IMAGE}, tag: 0.6.1}}")
    assert fixed != VALUES
    await world.push({"carts/values.yaml": fixed})
    orders = {"values.yaml": VALUES.replace("carts", "orders"), "tests/locustfile.py": LOCUST_FILE}
    await onboarding.onboard_service(
        world.outside, world.place("dev").project, ServiceName("orders"), orders, onboarding.Templates({})
    )
    sent = await world.send("1.0", service=ServiceName("orders"))
    await world.settle()
    delivery = await world.store.delivery(sent.id)
    assert delivery.outcome is Outcome.ERRORED
    assert "has a fixed image in its values now" in delivery.reason
    assert world.running("dev") == {"carts": "0.6.0"}


async def test_a_push_with_a_gate_beside_a_fixed_image_is_refused() -> None:
    world = await world_under_gate()
    place = world.place("staging")
    files = dict(await world.repo.files(place.project, await world.repo.head(place.project, MAIN)))
    files["carts/values.yaml"] = VALUES.replace("{repository: null, tag: null}", f"{{repository: {IMAGE}, tag: 0.6.1}}")
    found = await check_push(world.outside, place.project, files)
    assert any("judges nothing: the values name a fixed image" in str(fault) for fault in found.faults)


async def test_a_rejected_artifact_is_no_measure_for_itself_when_it_is_sent_again() -> None:
    world = await world_under_gate()
    slower = SLO.replace('"<1"', '"<=+50%"').replace("comparison: {include_result_with_score: pass}\n", "")
    await world.push({"carts/perfspec/perfspec.json": None, "carts/slo.yaml": slower, "carts/sli.yaml": SLI})
    world.monitoring.seconds = {"0.6.2": 0.05, "0.6.3": 100}
    outcomes = [(await world.deliver(tag)).outcome for tag in ("0.6.2", "0.6.3", "0.6.3")]
    assert outcomes == [Outcome.PROMOTED, Outcome.REJECTED, Outcome.REJECTED]


async def test_what_another_query_measured_is_not_compared_with() -> None:
    world = await world_under_gate()
    first = SLO.replace('"<1"', '"<=+10%"')
    await world.push({"carts/perfspec/perfspec.json": None, "carts/slo.yaml": first, "carts/sli.yaml": SLI})
    world.monitoring.seconds = {"0.6.2": 50, "0.6.3": 1.2}
    assert (await world.deliver("0.6.2")).outcome is Outcome.PROMOTED
    in_seconds = SLI.replace("response_time{", "response_time_seconds{")
    await world.push({"carts/slo.yaml": first.replace(", firstRun: pass", ""), "carts/sli.yaml": in_seconds})
    assert (await world.deliver("0.6.3")).outcome is Outcome.UNJUDGED


async def test_a_namespace_of_another_project_is_never_touched() -> None:
    world = await world_under_gate()
    namespace = next(it for ref, it in world.cluster.objects.items() if ref.name == "sockshop-dev")
    namespace["metadata"]["labels"]["lockgate.dev/project"] = "sock"
    writes = len(world.cluster.history)
    delivery = await world.deliver("0.6.2")
    assert delivery.outcome is Outcome.ERRORED
    assert "belongs to project sock" in delivery.reason
    assert len(world.cluster.history) == writes
