"""Checks become Jobs, and what their pods leave behind becomes a result or trouble with a way out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lockgate.cluster.memory import MemoryCluster
from lockgate.delivery.outside import Patience
from lockgate.domain.manifest import Manifest, Ref
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.domain.testing import Check, CheckRequest, CheckResult, CheckTrouble, Load
from lockgate.kit.clock import rfc3339
from lockgate.testers.job import deadline_seconds
from lockgate.testers.jobs import JobTester
from lockgate.testing.contracts.cluster import namespace

PLACE = Place(ProjectName("shop"), StageName("dev"), ServiceName("foo-bar"))
REPORT = {
    "schema": 1,
    "check": "performance",
    "interrupted": False,
    "started_at": "2026-05-01T12:00:01.500Z",
    "ended_at": "2026-05-01T12:00:16.250Z",
    "requests": 150,
    "failures": 3,
    "failure_ratio": 0.02,
    "average_ms": 12.5,
    "p50_ms": 11.0,
    "p95_ms": 20.5,
    "p99_ms": 30.0,
    "errors": [{"method": "POST", "name": "/items", "error": "HTTP 500: promotion", "count": 3}],
}
SILENT = {**REPORT, "started_at": None, "ended_at": None, "requests": 0, "failures": 0, "average_ms": None}
ENDED = {"exitCode": 0, "startedAt": "2026-05-01T12:00:00Z", "finishedAt": "2026-05-01T12:00:20Z"}


def request(check: Check = Check.PERFORMANCE, *, through_gateway: bool = True, run: str = "d1/dev/1") -> CheckRequest:
    return CheckRequest(
        run=run,
        check=check,
        place=PLACE,
        script="# Locust",
        host="foo-bar.shop-dev.localhost",
        through_gateway=through_gateway,
        load=Load(users=4, seconds=15, spawn_rate=2.4),
        fence=3,
        health_path="/up",
    )


async def platform() -> MemoryCluster:
    cluster = MemoryCluster()
    await cluster.apply([namespace("shop-dev")], fence=None)
    return cluster


def job_of(cluster: MemoryCluster) -> dict[str, Any]:
    (job,) = [each for ref, each in cluster.objects.items() if ref.kind == "Job"]
    return job


def environment(cluster: MemoryCluster) -> dict[str, str]:
    (container,) = job_of(cluster)["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


def show(cluster: MemoryCluster, state: Mapping[str, Any]) -> None:
    """A pod of the Job as the platform shows it."""
    labels = job_of(cluster)["spec"]["template"]["metadata"]["labels"]
    metadata = {"name": "pod", "namespace": "shop-dev", "labels": labels}
    statuses = [{"name": "check", "state": state}]
    cluster.place({"kind": "Pod", "metadata": metadata, "status": {"containerStatuses": statuses}})


def finish(cluster: MemoryCluster, **condition: str) -> None:
    job: Manifest = job_of(cluster)
    cluster.place({**job, "status": {"conditions": [{"status": "True", **condition}]}})


async def outcome_of(state: Mapping[str, Any]) -> CheckResult | CheckTrouble | None:
    cluster = await platform()
    tester = JobTester(cluster)
    await tester.start(request())
    show(cluster, state)
    return await tester.outcome(request())


@pytest.mark.parametrize("check", Check)
def test_a_check_is_ended_by_the_platform_before_the_story_gives_it_up(check: Check) -> None:
    assert deadline_seconds(request(check)) < request(check).load.seconds + Patience().test_slack


async def test_load_goes_through_the_gateway_with_the_services_host() -> None:
    cluster = await platform()
    await JobTester(cluster, gateway="http://127.0.0.1:31999").start(request())
    assert environment(cluster) == {
        "CHECK": "performance",
        "LOCUST_FILE": "/tests/locustfile.py",
        "TARGET_HOST": "http://127.0.0.1:31999",
        "HOST_HEADER": "foo-bar.shop-dev.localhost",
        "HEALTH_PATH": "/up",
        "USERS": "4",
        "SPAWN_RATE": "2",
        "RUN_SECONDS": "15",
    }


async def test_inside_the_stage_the_service_is_found_by_its_variables() -> None:
    cluster = await platform()
    await JobTester(cluster).start(request(Check.FUNCTIONAL, through_gateway=False))
    assert environment(cluster) == {
        "CHECK": "functional",
        "LOCUST_FILE": "/tests/locustfile.py",
        "TARGET_HOST": "http://$(FOO_BAR_SERVICE_HOST):$(FOO_BAR_SERVICE_PORT)",
        "HEALTH_PATH": "/up",
        "ITERATIONS": "1",
    }


async def test_a_check_runs_once_and_has_an_end() -> None:
    cluster = await platform()
    await JobTester(cluster, image="example/k6:2").start(request())
    spec = job_of(cluster)["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 105)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["template"]["spec"]["containers"][0]["image"] == "example/k6:2"


async def test_the_script_is_mounted_and_goes_with_its_job() -> None:
    cluster = await platform()
    await JobTester(cluster).start(request())
    job = job_of(cluster)
    script = await cluster.read(Ref("ConfigMap", "shop-dev", job["metadata"]["name"]))
    assert script is not None
    assert script["data"] == {"locustfile.py": "# Locust"}
    assert script["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    assert script["metadata"]["annotations"]["lockgate.dev/fence"] == "3"


async def test_starting_again_leaves_a_job_that_is_there_alone() -> None:
    cluster = await platform()
    for image in ("lockgate/locust:1", "lockgate/locust:2"):
        await JobTester(cluster, image=image).start(request())
    assert job_of(cluster)["spec"]["template"]["spec"]["containers"][0]["image"] == "lockgate/locust:1"


async def test_names_fit_and_differ_by_run_and_check() -> None:
    cluster = await platform()
    tester = JobTester(cluster)
    for each in (request(), request(Check.HEALTH), request(run="d2/" + "x" * 200)):
        await tester.start(each)
    names = {ref.name for ref in cluster.objects if ref.kind == "Job"}
    assert len(names) == 3
    assert all(len(name) < 60 for name in names)


async def test_a_report_becomes_a_result_in_numbers_with_the_window_of_the_load() -> None:
    result = await outcome_of({"terminated": {**ENDED, "message": json.dumps(REPORT)}})
    assert isinstance(result, CheckResult)
    assert (result.requests, result.failures, result.average_ms, result.p95_ms) == (150, 3, 12.5, 20.5)
    assert rfc3339(result.window.start) == "2026-05-01T12:00:01.500Z"
    assert result.window.seconds == 14.75
    assert result.errors == ("3 × POST /items: HTTP 500: promotion",)


async def test_a_run_without_requests_has_its_containers_window() -> None:
    result = await outcome_of({"terminated": {**ENDED, "message": json.dumps(SILENT)}})
    assert isinstance(result, CheckResult)
    assert (result.requests, result.window.seconds) == (0, 20.0)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (json.dumps({"schema": 1, "error": "locustfile.py, line 3: bad"}), "locustfile.py, line 3: bad"),
        (json.dumps({**REPORT, "interrupted": True}), "interrupted"),
        ("Killed", "is not a report"),
        (json.dumps([1]), "is not a report"),
        (json.dumps({**REPORT, "schema": 2}), "schema must be 1"),
        (json.dumps({**REPORT, "failures": 151}), "151 failures of 150 requests"),
        (json.dumps({**REPORT, "requests": -1}), "-1 is not a count"),
        (json.dumps({**REPORT, "requests": "150"}), "'150' is not a count"),
        (json.dumps({**REPORT, "ended_at": "2026-05-01T11:00:00Z"}), "ended before it started"),
        (json.dumps({"schema": 1}), "is not a report"),
        ("", "exit code 0 and left no report"),
    ],
)
async def test_what_is_no_report_is_trouble_and_never_a_success(message: str, said: str) -> None:
    outcome = await outcome_of({"terminated": {**ENDED, "message": message}})
    assert isinstance(outcome, CheckTrouble)
    assert said in outcome.reason
    assert "kubectl logs job/test-" in outcome.reason


async def test_a_report_without_window_from_a_container_nobody_watched_is_trouble() -> None:
    outcome = await outcome_of({"terminated": {"exitCode": 0, "message": json.dumps(SILENT)}})
    assert isinstance(outcome, CheckTrouble)


@pytest.mark.parametrize("state", [{"running": {}}, {"waiting": {"reason": "ContainerCreating"}}, {}])
async def test_a_check_that_runs_has_no_outcome_yet(state: Mapping[str, Any]) -> None:
    assert await outcome_of(state) is None


async def test_an_unknown_test_image_is_trouble_with_the_platforms_way_out() -> None:
    waiting = {"reason": "ErrImagePull", "message": "image is not in the catalogue: add an [[image]]"}
    outcome = await outcome_of({"waiting": waiting})
    assert isinstance(outcome, CheckTrouble)
    assert "lockgate/locust:1 does not start: ErrImagePull: image is not in the catalogue: add" in outcome.reason


async def test_a_job_that_took_too_long_is_trouble_whatever_its_pod_says() -> None:
    cluster = await platform()
    tester = JobTester(cluster)
    await tester.start(request())
    show(cluster, {"terminated": {**ENDED, "message": json.dumps({**REPORT, "interrupted": True})}})
    finish(cluster, type="Failed", reason="DeadlineExceeded")
    outcome = await tester.outcome(request())
    assert isinstance(outcome, CheckTrouble)
    assert "not over after 105 s" in outcome.reason


async def test_a_job_that_ended_without_a_pod_is_trouble() -> None:
    cluster = await platform()
    tester = JobTester(cluster)
    await tester.start(request())
    assert await tester.outcome(request()) is None
    finish(cluster, type="Failed", reason="BackoffLimitExceeded", message="has reached the limit")
    outcome = await tester.outcome(request())
    assert isinstance(outcome, CheckTrouble)
    assert "has reached the limit" in outcome.reason


async def test_a_job_that_is_gone_is_trouble() -> None:
    outcome = await JobTester(await platform()).outcome(request())
    assert isinstance(outcome, CheckTrouble)
    assert "not there" in outcome.reason
