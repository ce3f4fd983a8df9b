"""Jobs: pods that run until enough of them succeeded, or too many failed, or the time is over."""

from collections.abc import Sequence
from typing import Any, Literal

from pocketkube.controllers import jobpolicy
from pocketkube.controllers.jobpolicy import Finish
from pocketkube.controllers.jobtally import TRACKING, Tally, is_tracked, outcome, tally
from pocketkube.controllers.owners import claim, key_of_controller
from pocketkube.controllers.pods import is_active, pod_from_template
from pocketkube.kit.clock import format_time
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.runtime.node import Node


class JobController:
    """Counts every pod exactly once, as Kubernetes does: an ended pod is noted in the job's status, freed of the
    tracking finalizer, then counted. Whoever dies between two of these steps, the next look goes on from there.
    """

    def __init__(self, node: Node) -> None:
        self._store = node.store
        self._clock = node.clock

    async def run(self) -> None:
        await reconcile_forever(self._store, ["Job", "Pod"], _keys, self._reconcile)

    async def _reconcile(self, namespace: str, name: str) -> float | None:
        job = self._store.find("Job", namespace, name)
        if job is None:
            self._release(namespace, name)
            return None
        if "deletionTimestamp" in job["metadata"]:
            return None
        self._count(job)
        job = self._store.get("Job", namespace, name)
        if jobpolicy.finished(job) is not None:
            return self._live_on(job)
        return self._go_on(job)

    def _go_on(self, job: KubeObject) -> float | None:
        pods = claim(self._store, "Pod", job)
        now = self._clock.now()
        if job["spec"].get("completionMode") == "Indexed":
            self._say(job, "Warning", "FailedCreate", "completionMode Indexed is not supported here; use NonIndexed")
            return None
        if job["spec"].get("suspend"):
            self._end(pods)
            self._publish(job, startTime=None)
            return None
        if not (job.get("status") or {}).get("startTime"):
            job = self._publish(job, startTime=format_time(now))
        counts = tally(job, pods)
        finish = jobpolicy.finish_of(job, counts, now)
        if finish is not None:
            self._end(pods)
            self._finish(job, finish)
            return 0.0
        wait = jobpolicy.back_off(counts, now)
        if wait == 0:
            self._create(job, jobpolicy.missing_pods(job, counts))
        left = jobpolicy.seconds_to_deadline(job, now)
        later = [seconds for seconds in (wait or None, left) if seconds is not None]
        return min(later) if later else None

    def _create(self, job: KubeObject, number: int) -> None:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        labels = {
            "job-name": name,
            "controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "batch.kubernetes.io/controller-uid": uid,
        }
        for _ in range(number):
            pod = pod_from_template(job["spec"]["template"], job, name, labels)
            pod["metadata"]["finalizers"].append(TRACKING)
            created = self._store.create(pod)
            self._say(job, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        if number:
            self._publish(job)

    def _count(self, job: KubeObject) -> None:
        pods = claim(self._store, "Pod", job)
        ended = [pod for pod in pods if is_tracked(pod) and outcome(pod)]
        if ended:
            noted = {**((job.get("status") or {}).get("uncountedTerminatedPods") or {})}
            for pod in ended:
                uids = noted.setdefault(f"{outcome(pod)}", [])
                uids += [pod["metadata"]["uid"]] if pod["metadata"]["uid"] not in uids else []
            job = self._publish(job, uncountedTerminatedPods=noted)
            for pod in ended:
                self._set_free(pod)
        self._settle(job)

    def _settle(self, job: KubeObject) -> None:
        """Moves the noted pods into the counts, now that none of them can be noted again."""
        status = job.get("status") or {}
        noted = status.get("uncountedTerminatedPods") or {}
        counted = {
            end: status.get(end, 0) + len(noted.get(end) or [])
            for end in ("succeeded", "failed")
            if status.get(end) or noted.get(end)
        }
        self._publish(job, uncountedTerminatedPods=None if not noted else {}, **counted)

    def _finish(self, job: KubeObject, finish: Finish) -> None:
        now = self._clock.now()
        conditions = jobpolicy.with_finish((job.get("status") or {}).get("conditions") or [], finish, now)
        completion = {"completionTime": format_time(now)} if finish.type == "Complete" else {}
        self._publish(job, conditions=conditions, **completion)
        if finish.type == "Complete":
            self._say(job, "Normal", "Completed", "Job completed")
        else:
            self._say(job, "Warning", finish.reason, finish.message)

    def _live_on(self, job: KubeObject) -> float | None:
        """A finished job stays for its time to live, with what remains of its pods."""
        left = jobpolicy.seconds_to_live(job, self._clock.now())
        if left is None:
            return None
        if left <= 0:
            self._store.delete("Job", job["metadata"]["namespace"], job["metadata"]["name"])
            return None
        return left

    def _end(self, pods: Sequence[KubeObject]) -> None:
        for pod in pods:
            if is_active(pod):
                self._store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _publish(self, job: KubeObject, **news: Any) -> KubeObject:
        """Writes what is new (None takes a field away) and the number of active pods."""
        counts: Tally = tally(job, claim(self._store, "Pod", job))

        def publish(found: KubeObject) -> None:
            status = {**(found.get("status") or {}), **news, "active": len(counts.active), "ready": counts.ready}
            found["status"] = {name: value for name, value in status.items() if value is not None}

        return self._store.change("Job", job["metadata"]["namespace"], job["metadata"]["name"], publish)

    def _release(self, namespace: str, name: str) -> None:
        """The pods of a job that is gone are nobody's to count."""
        for pod in self._store.list("Pod", namespace, {"batch.kubernetes.io/job-name": name}):
            if is_tracked(pod):
                self._set_free(pod)

    def _set_free(self, pod: KubeObject) -> None:
        def free(found: KubeObject) -> None:
            finalizers = found["metadata"].get("finalizers") or []
            found["metadata"]["finalizers"] = [each for each in finalizers if each != TRACKING]

        metadata = pod["metadata"]
        self._store.change("Pod", metadata["namespace"], metadata["name"], free)

    def _say(self, job: KubeObject, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        record_event(self._store, job, type=type, reason=reason, message=message, component="job-controller")


def _keys(obj: KubeObject) -> list[tuple[str, str]]:
    if obj["kind"] == "Pod":
        return list(key_of_controller(obj, "Job"))
    return [(obj["metadata"]["namespace"], obj["metadata"]["name"])]
