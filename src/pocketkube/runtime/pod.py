"""One pod's life on this machine: admitted, its containers run, drained, stopped, and nothing left behind."""

import asyncio
import contextlib
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from typing import Literal

from pocketkube.kit.files import write_atomically
from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.container import ContainerLife, Part, RestartPolicy
from pocketkube.runtime.node import NODE_NAME, Node
from pocketkube.runtime.status import View
from pocketkube.runtime.stopping import stop_container
from pocketkube.runtime.views import PodViews

FINALIZER = "pocketkube.dev/runtime"
DRAINED = "pocketkube.dev/drained"
_LONGEST_DRAIN = 6.0  # seconds to wait for the mesh before a pod is stopped all the same
_RETRY = 2.0  # seconds after a fault of our own

_log = logging.getLogger(__name__)


class PodLife:
    """From first sight of a pod to its end. Cancelled, it leaves all processes running for the next one."""

    def __init__(self, pod: KubeObject, node: Node) -> None:
        self.uid: str = pod["metadata"]["uid"]
        self._pod = pod
        self._node = node
        self._namespace: str = pod["metadata"]["namespace"]
        self._name: str = pod["metadata"]["name"]
        self._folder = node.folder(self._namespace, self._name)
        self._news = asyncio.Event()
        self._vanished = False
        self._was_ready = pod.get("status", {}).get("phase") == "Running"
        self._views = PodViews(pod)

    @property
    def pod(self) -> KubeObject:
        return self._pod

    def observe(self, pod: KubeObject) -> None:
        self._pod = pod
        self._news.set()

    def vanish(self) -> None:
        """The object is gone, without having asked us: what ran for it is ended at once."""
        self._vanished = True
        self._news.set()

    async def run(self) -> None:
        """Returns when nothing of the pod is left. A fault of ours is logged and tried again, by adoption."""
        while True:
            try:
                await self._live()
                return
            except Exception as error:
                _log.exception("pod %s/%s", self._namespace, self._name)
                self.say("Warning", "FailedSync", f"{type(error).__name__}: {error}")
                await asyncio.sleep(_RETRY)

    def seen(self, view: View) -> None:
        if not self._views.put(view):
            return
        self._was_ready = self._was_ready or view.ready
        if self._views.can_speak():
            self._publish()

    def say(self, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        if not self._vanished:
            record_event(self._node.store, self._pod, type=type, reason=reason, message=message, component="kubelet")

    async def _live(self) -> None:
        await self._take_folder()
        self._views = PodViews(self._pod)
        if not self._leaving:
            self._admit()
        first, main = self._lives("initContainers"), self._lives("containers")
        work = asyncio.create_task(self._work(first, main))
        try:
            while not self._leaving:
                await self._next_news(work)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        await self._drain()
        await self._stop()
        for life in (*first, *main):
            await life.conclude()
        self._leave()

    async def _work(self, first: Sequence[ContainerLife], main: Sequence[ContainerLife]) -> None:
        """The init containers one after the other, then all others side by side."""
        for life in first:
            await life.live()
            if not self._views.has_succeeded(life.name):
                return
        async with asyncio.TaskGroup() as tasks:
            for life in main:
                tasks.create_task(life.live())

    @property
    def _leaving(self) -> bool:
        return self._vanished or "deletionTimestamp" in self._pod["metadata"]

    @property
    def _grace(self) -> float:
        if self._vanished:
            return 0.0
        return float(self._pod["metadata"].get("deletionGracePeriodSeconds", 30))

    def _lives(self, field: str) -> list[ContainerLife]:
        return [ContainerLife(part, self, self._node) for part in self._parts(field)]

    def _parts(self, field: str) -> list[Part]:
        policy: RestartPolicy = self._pod["spec"].get("restartPolicy") or "Always"
        if field == "initContainers" and policy == "Always":
            policy = "OnFailure"
        specs = self._pod["spec"].get(field) or []
        return [Part(spec, self._folder / spec["name"], policy) for spec in specs]

    async def _take_folder(self) -> None:
        """Makes the pod's folder; one of an earlier pod with this name is emptied of processes and removed."""
        mark = self._folder / "pod.json"
        if mark.exists() and json.loads(mark.read_text())["uid"] != self.uid:
            await empty_folder(self._namespace, self._name, self._node)
        if not mark.exists():
            write_atomically(mark, json.dumps({"uid": self.uid}))
            self._folder.chmod(0o700)  # Secrets may be in it.

    def _admit(self) -> None:
        """Before anything runs: the finalizer that keeps the object until its processes are gone, and an address."""
        new = not self._pod.get("status", {}).get("podIP")
        address = self._pod.get("status", {}).get("podIP") or self._node.addresses.pod()

        def admit(pod: KubeObject) -> None:
            finalizers = pod["metadata"].setdefault("finalizers", [])
            if FINALIZER not in finalizers:
                finalizers.append(FINALIZER)
            pod["spec"].setdefault("nodeName", NODE_NAME)
            status = pod.setdefault("status", {})
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
            if new:
                pod["status"] = self._views.status(pod, self._node.clock.now())

        self._change(admit)
        if new:
            self.say("Normal", "Scheduled", f"Successfully assigned {self._namespace}/{self._name} to {NODE_NAME}")
            self._warn_of_hooks()

    def _warn_of_hooks(self) -> None:
        for spec in self._pod["spec"]["containers"]:
            if spec.get("lifecycle"):
                message = f"container {spec['name']}: lifecycle hooks are not run here"
                self.say("Warning", "Unsupported", message)

    async def _next_news(self, work: "asyncio.Task[None]") -> None:
        """Waits for a change of the object, or of the work while it is not done; a fault in the work is raised."""
        if work.done():
            work.result()
            await self._news.wait()
        else:
            await self._first_of(work)
        self._news.clear()

    async def _first_of(self, other: "asyncio.Future[None]") -> None:
        """Waits for a change of the object or for the other, which is left alone."""
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait((news, other), return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()

    async def _drain(self) -> None:
        """Leaves time for the mesh to take the pod out of the traffic."""
        if not self._node.mesh or not self._was_ready or self._views.settled():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_DRAIN):
                while not self._may_stop():
                    self._news.clear()
                    await self._news.wait()

    def _may_stop(self) -> bool:
        annotations = self._pod["metadata"].get("annotations") or {}
        return self._grace == 0 or annotations.get(DRAINED) == "true"

    async def _stop(self) -> None:
        """Ends all containers within the grace period, and within a shorter one if that is asked for meanwhile."""
        for name in self._views.running():
            self.say("Normal", "Killing", f"Stopping container {name}")
        stopped = False
        while not stopped:
            grace = self._grace
            stopping = asyncio.create_task(self._stop_containers(grace))
            try:
                while not stopping.done() and self._grace >= grace:
                    self._news.clear()
                    await self._first_of(stopping)
                stopped = stopping.done()
            finally:
                stopping.cancel()
                await asyncio.gather(stopping, return_exceptions=True)
        stopping.result()

    async def _stop_containers(self, grace: float) -> None:
        parts = (*self._parts("containers"), *self._parts("initContainers"))
        await asyncio.gather(*(stop_container(part.folder, grace) for part in parts))

    def _publish(self) -> None:
        def publish(pod: KubeObject) -> None:
            pod["status"] = self._views.status(pod, self._node.clock.now())

        self._change(publish)

    def _leave(self) -> None:
        _remove(self._node, self._namespace, self._name)

        def let_go(pod: KubeObject) -> None:
            finalizers = pod["metadata"].get("finalizers") or []
            pod["metadata"]["finalizers"] = [name for name in finalizers if name != FINALIZER]

        self._change(let_go)

    def _change(self, mutate: Callable[[KubeObject], None]) -> None:
        """Changes the object if it is still there and still this pod."""

        def guarded(pod: KubeObject) -> None:
            if pod["metadata"]["uid"] == self.uid:
                mutate(pod)

        with contextlib.suppress(NotFoundError):
            changed = self._node.store.change("Pod", self._namespace, self._name, guarded)
            if changed["metadata"]["uid"] == self.uid:
                self._pod = changed


async def empty_folder(namespace: str, name: str, node: Node) -> None:
    """Ends whatever runs in a pod's folder, and removes it."""
    found = [path.parent for path in node.folder(namespace, name).glob("[!.]*/runs")]
    await asyncio.gather(*(stop_container(container, 0) for container in found))
    _remove(node, namespace, name)


def _remove(node: Node, namespace: str, name: str) -> None:
    folder = node.folder(namespace, name)
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # Others of the namespace are still there.
        folder.parent.rmdir()
