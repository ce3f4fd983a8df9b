"""What the platform shows is read as ready, not yet, or broken."""

from typing import Any

import pytest

from lockgate.cluster.rollout import (
    deployment_readiness,
    hopeless_pods,
    job_readiness,
    pods_of,
    route_readiness,
    worst,
)
from lockgate.ports.cluster import Broken, NotYet, Ready

LABELS = {"app": "a", "deployment": "carts-blue", "lockgate.dev/release": "r2"}
DONE = {"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "carts-blue", "namespace": "shop-dev", "generation": 3},
        "spec": {"replicas": 1, "template": {"metadata": {"labels": LABELS}}},
        "status": status,
    }


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "carts-blue-1"}, "status": {"containerStatuses": [{"name": "carts", **container}]}}


def route(generation: int, *conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "kind": "VirtualService",
        "metadata": {"name": "carts", "namespace": "shop-dev", "generation": generation},
        "status": {"conditions": list(conditions), **status},
    }


def test_a_rollout_that_is_through_is_ready() -> None:
    assert deployment_readiness(deployment(**DONE), []) == Ready()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"observedGeneration": 2}, "has not seen the change"),
        ({"updatedReplicas": 0}, "0 of 1 new pods ready"),
        ({"availableReplicas": 0}, "0 of 1 new pods ready"),
        ({"replicas": 2}, "1 old ones left"),
    ],
)
def test_a_rollout_on_its_way_says_what_it_waits_for(change: dict[str, int], said: str) -> None:
    answer = deployment_readiness(deployment(**{**DONE, **change}), [])
    assert isinstance(answer, NotYet)
    assert said in answer.reason


def test_a_deployment_without_a_status_is_not_ready() -> None:
    assert isinstance(deployment_readiness(deployment(), []), NotYet)


def test_a_container_that_keeps_ending_is_named_with_its_exit_code_and_last_words() -> None:
    crashing = pod(
        state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        lastState={"terminated": {"exitCode": 7, "message": "no database\n"}},
    )
    answer = deployment_readiness(deployment(**{**DONE, "availableReplicas": 0}), [crashing])
    assert isinstance(answer, NotYet)
    assert "pod carts-blue-1: CrashLoopBackOff: back-off 10s; it ended with exit code 7: no database" in answer.reason


def test_a_rollout_past_its_deadline_is_broken() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    answer = deployment_readiness(deployment(**{**DONE, "availableReplicas": 0}, conditions=[late]), [])
    assert answer == Broken("deployment carts-blue in shop-dev: ProgressDeadlineExceeded: timed out")


def test_the_verdict_of_the_change_before_is_not_taken_for_this_one() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
    answer = deployment_readiness(deployment(**{**DONE, "observedGeneration": 2}, conditions=[late]), [])
    assert isinstance(answer, NotYet)


@pytest.mark.parametrize(
    "reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"]
)
def test_a_pod_that_will_never_start_is_hopeless(reason: str) -> None:
    stuck = pod(state={"waiting": {"reason": reason, "message": "add it"}})
    assert hopeless_pods([pod(state={"running": {}}), stuck]) == ((stuck, f"{reason}: add it"),)


def test_a_pod_that_is_starting_is_not_hopeless() -> None:
    assert hopeless_pods([pod(state={"waiting": {"reason": "ContainerCreating"}}), {"metadata": {}}]) == ()


def test_pods_are_those_of_the_release_as_last_applied() -> None:
    assert pods_of(deployment()) == LABELS


def test_a_route_is_ready_when_the_data_plane_has_observed_it_as_last_applied() -> None:
    seen = {"type": "Reconciled", "status": "True", "observedGeneration": 4}
    assert route_readiness(route(4, seen)) == Ready()
    assert isinstance(route_readiness(route(5, seen)), NotYet)


def test_istio_writes_the_observed_generation_as_text_beside_the_conditions() -> None:
    seen = {"type": "Reconciled", "status": "True"}
    assert route_readiness(route(4, seen, observedGeneration="4")) == Ready()


def test_a_route_that_is_refused_says_why() -> None:
    refused = {"type": "Reconciled", "status": "False", "observedGeneration": 4, "reason": "NotHealthy", "message": "m"}
    assert route_readiness(route(4, refused)) == NotYet("virtualservice carts in shop-dev: NotHealthy: m")


def test_a_platform_that_writes_no_status_gives_no_answer() -> None:
    assert route_readiness(route(4)) is None


def test_a_job_is_ready_when_it_is_over_however_it_ended() -> None:
    job = {"kind": "Job", "metadata": {"name": "j", "namespace": "n"}}
    assert isinstance(job_readiness(job), NotYet)
    for end in ("Complete", "Failed"):
        assert job_readiness({**job, "status": {"conditions": [{"type": end, "status": "True"}]}}) == Ready()


def test_the_worst_answer_counts() -> None:
    assert worst([Ready(), NotYet("b"), Broken("c"), NotYet("d")]) == Broken("c")
    assert worst([Ready(), NotYet("b")]) == NotYet("b")
    assert worst([]) == Ready()
