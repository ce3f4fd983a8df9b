"""A Kubernetes API with Istio's networking objects: a cluster's, or pocketkube's."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig

from lockgate.cluster.fences import fenced, refuse_newer
from lockgate.cluster.kinds import kind_of
from lockgate.cluster.ownership import is_created_only, way_out
from lockgate.cluster.rest import GoneError, OwnedError, Rest, Selection, StaleError
from lockgate.cluster.rollout import (
    deployment_readiness,
    has_ended_before,
    hopeless_pods,
    is_ready,
    job_readiness,
    pods_of,
    route_readiness,
    worst,
)
from lockgate.domain.errors import ConflictError, InvalidError, PermanentError, TransientError
from lockgate.domain.manifest import Manifest, Ref, ref_of
from lockgate.ports.cluster import Broken, NotYet, Readiness, Ready

_LAST_LINES, _CLIPPED = 5, 300  # of a program's log in a reason: lines, characters
_RACES = 10  # how often an object is read again because it changed between read and write
_TIMEOUT = httpx2.Timeout(10.0, connect=3.0)


def connect(kubeconfig: Path, context: str | None = None, *, settle_seconds: float = 3.0) -> "KubernetesCluster":
    """By *kubeconfig* alone: neither `~/.kube/config` nor the environment is read. Raises InvalidError when the file or
    the context is not there."""
    try:
        config = KubeConfig.from_file(kubeconfig).get(context)
    except Exception as error:  # what is wrong with the file leaves as an error of any library that reads it
        raise InvalidError(f"kubeconfig {kubeconfig}: {error or type(error).__name__}") from error
    if config is None or config.user is None:
        raise InvalidError(f"kubeconfig {kubeconfig}: names no current context with a user: choose one with --context")
    parameters = client_adapter.ConnectionParams(timeout=_TIMEOUT, trust_env=False)
    return KubernetesCluster(Rest(client_adapter.AsyncClient(config, parameters)), settle_seconds=settle_seconds)


class KubernetesCluster:
    """*settle_seconds*: how long routes are given where the platform does not say when its data plane observed them
    (Istio with its status feature off)."""

    def __init__(self, rest: Rest, *, settle_seconds: float) -> None:
        self._rest = rest
        self._settle_seconds = settle_seconds
        self._settled_at: dict[Ref, float] = {}  # by the event loop's clock

    async def apply(self, objects: Sequence[Manifest], fence: int | None) -> None:
        for manifest in objects:
            await self._apply(manifest, fence)

    async def remove(self, refs: Sequence[Ref], fence: int | None) -> None:
        for ref in refs:
            await self._remove(ref, fence)

    async def read(self, ref: Ref) -> Manifest | None:
        try:
            return await self._rest.get(ref)
        except GoneError:
            return None

    async def select(self, kind: str, namespace: str, labels: dict[str, str]) -> tuple[Manifest, ...]:
        return await self._rest.list(kind, namespace, Selection(labels))

    async def readiness(self, refs: Sequence[Ref]) -> Readiness:
        return worst(await asyncio.gather(*(self._readiness(ref) for ref in refs)))

    async def why_not(self, refs: Sequence[Ref]) -> str:
        state = await self.readiness(refs)
        if isinstance(state, Ready):
            return ""
        found = await asyncio.gather(*(self._last_words(ref) for ref in refs if ref.kind == "Deployment"))
        return "; ".join([state.reason, *(words for words in found if words)])

    async def close(self) -> None:
        await self._rest.close()

    async def _apply(self, manifest: Manifest, fence: int | None) -> None:
        ref = ref_of(manifest)
        kind_of(ref.kind)
        for _ in range(_RACES):
            held = None if fence is None else await self.read(ref)
            try:
                if held is None and fence is not None:  # not by apply: of two turns that saw nothing both would write
                    held = await self._rest.create(fenced(manifest, fence))
                if held is not None and is_created_only(held):
                    refuse_newer(held, ref, fence)
                    held = await self._rest.adopt(held)
                await self._rest.apply(_over(held, manifest, fence))
            except StaleError:
                continue
            except OwnedError as error:
                raise await self._conflict(ref, error) from error
            except GoneError as error:
                if held is None:
                    raise InvalidError(str(error)) from error
                continue  # it went while we looked at it
            self._settled_at[ref] = asyncio.get_running_loop().time() + self._settle_seconds
            return
        raise TransientError(f"{ref} changed {_RACES} times while it was applied")

    async def _conflict(self, ref: Ref, error: OwnedError) -> ConflictError:
        command = way_out(ref, await self._rest.get(ref), error.owners)
        return ConflictError(f"{error}. Lockgate never forces; to give it back what is its own: {command}")

    async def _remove(self, ref: Ref, fence: int | None) -> None:
        for _ in range(_RACES):
            held = await self.read(ref)
            if held is None:
                return
            refuse_newer(held, ref, fence)
            if held["metadata"].get("deletionTimestamp"):
                return
            try:
                await self._rest.delete(held)
            except (StaleError, GoneError):
                continue
            return
        raise TransientError(f"{ref} changed {_RACES} times while it was removed")

    async def _readiness(self, ref: Ref) -> Readiness:
        held = await self.read(ref)
        if held is None:
            return NotYet(f"{ref} is not there")
        if held["metadata"].get("deletionTimestamp"):
            return NotYet(f"{ref} is being removed")
        match ref.kind:
            case "Deployment":
                return await self._deployment(ref, held)
            case "VirtualService":
                return route_readiness(held) or self._settled(ref)
            case "Job":
                return job_readiness(held)
            case _:
                return Ready()

    async def _deployment(self, ref: Ref, held: Manifest) -> Readiness:
        pods = await self.select("Pod", ref.namespace, pods_of(held))
        hopeless = hopeless_pods(pods)
        if not hopeless:
            return deployment_readiness(held, pods)
        pod, reason = hopeless[0]
        name = pod["metadata"]["name"]
        said = await self._last_warning(ref.namespace, name)
        more = f" ({said})" if said and said not in reason else ""
        return Broken(f"{ref}: pod {name}: {reason}{more}")

    async def _last_words(self, ref: Ref) -> str:
        """What the platform and the program said of the first new pod that is not ready."""
        held = await self.read(ref)
        pods = await self.select("Pod", ref.namespace, pods_of(held)) if held else ()
        pod = next((each for each in pods if not is_ready(each)), None)
        if pod is None:
            return ""
        name = pod["metadata"]["name"]
        warning = await self._last_warning(ref.namespace, name)
        log = await self._rest.log(Ref("Pod", ref.namespace, name), _LAST_LINES, previous=has_ended_before(pod))
        said = [f"pod {name} is not ready"]
        if warning:
            said.append(warning)
        if log.strip():
            said.append(f"its last lines: {' / '.join(log.strip().splitlines())[-_CLIPPED:]}")
        return ": ".join(said)

    async def _last_warning(self, namespace: str, pod: str) -> str:
        fields = f"involvedObject.kind=Pod,involvedObject.name={pod},type=Warning"
        try:
            events = await self._rest.list("Event", namespace, Selection({}, fields))
        except PermanentError:
            return ""  # the pod's own message must do
        latest = max(events, key=_moment, default=None)
        return "" if latest is None else str(latest.get("message", ""))

    def _settled(self, ref: Ref) -> Readiness:
        now = asyncio.get_running_loop().time()
        if now >= self._settled_at.setdefault(ref, now + self._settle_seconds):
            return Ready()
        return NotYet(f"{ref}: the platform does not say when it observed the routes; they are given a moment")


def _over(held: Manifest | None, manifest: Manifest, fence: int | None) -> Manifest:
    """*manifest* as it is sent over *held*: with the version just read, so that what was written in between is seen."""
    wanted = fenced(manifest, fence)
    if held is None:
        return wanted
    ref = ref_of(manifest)
    refuse_newer(held, ref, fence)
    if held["metadata"].get("deletionTimestamp"):
        raise TransientError(f"{ref} is still being removed")
    return {**wanted, "metadata": {**wanted["metadata"], "resourceVersion": held["metadata"]["resourceVersion"]}}


def _moment(event: Manifest) -> str:
    """RFC 3339 in UTC sorts as text."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")
