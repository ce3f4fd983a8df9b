from datetime import UTC, datetime, timedelta
from typing import Any

from pocketkube.controllers.jobpolicy import back_off, finish_of, missing_pods
from pocketkube.controllers.jobtally import Tally

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def job(source: str, policy: str = "Never", **spec: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "python:1", "args": [source]}
    return {**spec, "template": {"spec": {"restartPolicy": policy, "containers": [container]}}}


async def finished(cluster: Any, name: str) -> dict[str, Any]:
    def over() -> dict[str, Any]:
        found = cluster.find("Job", name)
        return dict(cluster.condition(found, "Complete") or cluster.condition(found, "Failed"))

    return dict(await cluster.until(over, "the end of the job"))


async def test_a_job_whose_pod_succeeds_is_complete(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("print('done')"))
    condition = await finished(cluster, "load")
    assert (condition["type"], condition["status"]) == ("Complete", "True")
    await cluster.until(lambda: cluster.get("Job", "load")["status"].get("active") == 0, "no active pod")
    status = cluster.get("Job", "load")["status"]
    assert (status["succeeded"], status.get("failed", 0)) == (1, 0)
    assert {"startTime", "completionTime"} <= status.keys()
    (pod,) = cluster.pods(**{"job-name": "load"})
    assert cluster.log(pod["metadata"]["name"]) == "done\n", "its log is kept"
    assert cluster.said("Completed")


async def test_a_job_whose_pods_fail_too_often_has_failed(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("raise SystemExit(3)", backoffLimit=1))
    condition = await finished(cluster, "load")
    assert (condition["type"], condition["reason"]) == ("Failed", "BackoffLimitExceeded")
    assert cluster.get("Job", "load")["status"]["failed"] == 2
    codes = [cluster.state(pod)["terminated"]["exitCode"] for pod in cluster.pods()]
    assert codes == [3, 3]


async def test_a_job_that_takes_too_long_has_failed_and_its_pod_is_ended(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("import time; time.sleep(1000)", activeDeadlineSeconds=2))
    condition = await finished(cluster, "load")
    assert (condition["type"], condition["reason"]) == ("Failed", "DeadlineExceeded")
    await cluster.until(lambda: not cluster.store.list("Pod"), "the end of the pod")
    assert cluster.processes() == []


async def test_a_container_restarts_in_its_pod_with_the_policy_on_failure(cluster: Any) -> None:
    source = (
        "import os, pathlib\npath = pathlib.Path(os.environ['POD_ROOT'], 'kept/tries')\n"
        "path.open('a').write('x')\nraise SystemExit(len(path.read_text()) < 2)"
    )
    body = job(source, policy="OnFailure")
    body["template"]["spec"]["volumes"] = [{"name": "kept", "emptyDir": {}}]
    body["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "kept", "mountPath": "/kept"}]
    cluster.create("Job", "load", spec=body)
    assert (await finished(cluster, "load"))["type"] == "Complete"
    (pod,) = cluster.pods()
    assert cluster.restarts(pod) == 1


async def test_several_completions_are_worked_off_side_by_side(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("pass", completions=3, parallelism=2))
    assert (await finished(cluster, "load"))["type"] == "Complete"
    assert cluster.get("Job", "load")["status"]["succeeded"] == 3
    assert len(cluster.pods()) == 3


async def test_a_finished_job_goes_after_its_time_to_live_with_its_pods(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("pass", ttlSecondsAfterFinished=0))
    await cluster.until(lambda: cluster.find("Job", "load") is None, "the end of the job")
    await cluster.until(lambda: not cluster.store.list("Pod"), "the end of its pod")


async def test_a_deleted_job_takes_its_running_pod_along(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("import time; time.sleep(1000)"))
    await cluster.until(cluster.processes, "the program")
    cluster.store.delete("Job", "shop", "load")
    await cluster.until(lambda: not cluster.store.list("Pod"), "the end of its pod")
    assert cluster.processes() == []


async def test_a_pod_that_ended_is_counted_once_although_it_was_deleted_at_once(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("raise SystemExit(1)", backoffLimit=2))
    deleted: set[str] = set()
    while not cluster.condition(cluster.find("Job", "load"), "Failed"):
        (pod,) = await cluster.until(
            lambda: (
                [each for each in cluster.pods() if "terminated" in cluster.state(each)]
                or [None] * bool(cluster.condition(cluster.find("Job", "load"), "Failed"))
            ),
            "an ended pod",
        )
        if pod is not None:
            cluster.store.delete("Pod", "shop", pod["metadata"]["name"])
            deleted.add(pod["metadata"]["name"])
    assert cluster.get("Job", "load")["status"]["failed"] == 3
    assert len(deleted) <= 3


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("pass", suspend=True))
    await cluster.until(lambda: cluster.get("Job", "load").get("status") is not None, "a status")
    assert cluster.pods() == []
    cluster.change("Job", "load", lambda obj: obj["spec"].update(suspend=False))
    assert (await finished(cluster, "load"))["type"] == "Complete"


async def test_an_indexed_job_is_refused_in_words(cluster: Any) -> None:
    cluster.create("Job", "load", spec=job("pass", completionMode="Indexed", completions=2))
    await cluster.until(lambda: cluster.said("FailedCreate", "Indexed is not supported"), "the event")
    assert cluster.pods() == []


def counts(**numbers: Any) -> Tally:
    known: dict[str, Any] = {"active": (), "ready": 0, "succeeded": 0, "failed": 0, "restarts": 0, "failed_at": None}
    return Tally(**(known | numbers))


def test_the_delay_after_failures_doubles_up_to_a_minute() -> None:
    delays = [back_off(counts(failed=failed, failed_at=NOW), NOW) for failed in (1, 2, 3, 7, 30)]
    assert delays == [1, 2, 4, 60, 60]
    assert back_off(counts(failed=3, failed_at=NOW - timedelta(seconds=9)), NOW) == 0


def test_no_more_pods_than_are_still_needed() -> None:
    spec = {"spec": {"completions": 5, "parallelism": 3}}
    assert missing_pods(spec, counts()) == 3
    assert missing_pods(spec, counts(succeeded=3, active=({},))) == 1
    assert missing_pods(spec, counts(succeeded=5)) == 0


def test_a_backoff_limit_of_zero_allows_no_failure() -> None:
    spec = {"spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never"}}}}
    assert finish_of(spec, counts(), NOW) is None
    found = finish_of(spec, counts(failed=1), NOW)
    assert found is not None
    assert found.reason == "BackoffLimitExceeded"
