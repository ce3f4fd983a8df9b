"""Checks as Jobs on the platform: any container that keeps the load runner's contract can be one."""

from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.domain.evaluation import Window
from lockgate.domain.manifest import Manifest
from lockgate.domain.testing import CheckRequest, CheckResult, CheckTrouble
from lockgate.kit.clock import parse_rfc3339
from lockgate.ports.cluster import Cluster
from lockgate.testers.job import CONTAINER, deadline_seconds, job_object, job_ref, labels_of, script_object
from lockgate.testers.report import parse_report

_HOPELESS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError"}
)


class JobTester:
    """*gateway*: the URL at which pods reach the ingress gateway."""

    def __init__(
        self, cluster: Cluster, *, image: str = "lockgate/locust:1", gateway: str = "http://127.0.0.1:31380"
    ) -> None:
        self._cluster, self._image, self._gateway = cluster, image, gateway

    async def start(self, request: CheckRequest) -> None:
        ref = job_ref(request)
        job = await self._cluster.read(ref)
        if job is None:
            objects = [script_object(request, None), job_object(request, self._image, self._gateway)]
            await self._cluster.apply(objects, request.fence)
            job = await self._cluster.read(ref)
        if job is not None:
            await self._cluster.apply([script_object(request, job["metadata"]["uid"])], request.fence)

    async def outcome(self, request: CheckRequest) -> CheckResult | CheckTrouble | None:
        ref = job_ref(request)
        job = await self._cluster.read(ref)
        if job is None:
            return _trouble(request, "its Job is not there: it was never started, or somebody deleted it")
        if _condition(job).get("reason") == "DeadlineExceeded":
            return _trouble(request, f"it was not over after {deadline_seconds(request)} s and was stopped")
        pods = await self._cluster.select("Pod", ref.namespace, labels_of(request))
        for state in _states(pods):
            if (ended := state.get("terminated")) is not None:
                return self._ended(request, ended)
            waiting = state.get("waiting") or {}
            if waiting.get("reason") in _HOPELESS:
                return _trouble(request, self._hopeless(waiting))
        return self._without_report(request, job)

    def _ended(self, request: CheckRequest, ended: Mapping[str, Any]) -> CheckResult | CheckTrouble:
        message = ended.get("message") or ""
        if not message:
            return _trouble(request, f"it ended with exit code {ended.get('exitCode')} and left no report")
        outcome = parse_report(message, _container_window(ended))
        return _trouble(request, outcome.reason) if isinstance(outcome, CheckTrouble) else outcome

    def _hopeless(self, waiting: Mapping[str, Any]) -> str:
        said = f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
        return f"its image {self._image} does not start: {said}"

    def _without_report(self, request: CheckRequest, job: Manifest) -> CheckTrouble | None:
        over = _condition(job)
        if not over:
            return None
        said = over.get("message") or over.get("reason") or over["type"]
        return _trouble(request, f"its Job ended without a report: {said}")


def _condition(job: Manifest) -> Mapping[str, Any]:
    """The one that says that the Job is over; empty while it is not."""
    for condition in (job.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True" and condition.get("type") in ("Failed", "Complete"):
            return dict(condition)
    return {}


def _states(pods: tuple[Manifest, ...]) -> Iterator[Mapping[str, Any]]:
    for pod in pods:
        for status in (pod.get("status") or {}).get("containerStatuses") or ():
            if status.get("name") == CONTAINER:
                yield status.get("state") or {}


def _container_window(ended: Mapping[str, Any]) -> Window | None:
    """None when the platform lost sight of it meanwhile."""
    if not ended.get("startedAt") or not ended.get("finishedAt"):
        return None
    return Window(start=parse_rfc3339(ended["startedAt"]), end=parse_rfc3339(ended["finishedAt"]))


def _trouble(request: CheckRequest, reason: str) -> CheckTrouble:
    ref = job_ref(request)
    way_out = f"kubectl logs job/{ref.name} -n {ref.namespace}"
    return CheckTrouble(f"{reason} ({way_out})")
