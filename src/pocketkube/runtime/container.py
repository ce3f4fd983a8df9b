"""One container's life: started or adopted, watched, ended, and started again as its restart policy says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.health import Health
from pocketkube.runtime.node import Node
from pocketkube.runtime.preparing import UnstartableError, find_image, prepare, termination_message
from pocketkube.runtime.probes import Target
from pocketkube.runtime.procfs import alive
from pocketkube.runtime.runs import Ending, LaunchError, Plan, Run
from pocketkube.runtime.status import Running, Terminated, View, Waiting, view_of
from pocketkube.runtime.stopping import stop_container, sweep

RestartPolicy = Literal["Always", "OnFailure", "Never"]
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 60.0  # seconds
_GOOD_RUN = 60.0  # seconds after which the back-off begins anew
_RETRY = 0.5  # seconds between looks for what a container waits for
_UNSEEN = 137  # The exit code that kubelet, too, gives a container whose end nobody saw.


class Witness(Protocol):
    """The pod, as a container sees it."""

    @property
    def pod(self) -> KubeObject: ...

    def seen(self, view: View) -> None: ...

    def say(self, type: Literal["Normal", "Warning"], reason: str, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Which container it is, and when it is started again."""

    spec: Mapping[str, Any]
    folder: Path
    policy: RestartPolicy

    @property
    def name(self) -> str:
        return str(self.spec["name"])


class ContainerLife:
    """Runs until its restart policy is satisfied; cancelled, it leaves the process running for the next one."""

    def __init__(self, part: Part, witness: Witness, node: Node) -> None:
        self._part = part
        self._witness = witness
        self._node = node
        self._said = ""
        self._view = view_of(part.spec, witness.pod)

    @property
    def name(self) -> str:
        return self._part.name

    async def live(self) -> None:
        run = Run.latest(self._part.folder)
        delay = 0.0
        if run is None:
            run = Run.numbered(self._part.folder, 1)
        elif run.number > 1:
            await self._recall(Run.numbered(self._part.folder, run.number - 1))
        while True:
            await self._start(run, delay)
            ending = await self._attend(run)
            await sweep(self._part.folder / "root")
            ended = self._terminated(run, ending)
            if not self._runs_again(ended):
                self._show(state=ended, ready=False, started=False, settled=True)
                return
            delay = _next_delay(run, ended)
            await self._back_off(ended, delay)
            run = Run.numbered(self._part.folder, run.number + 1)

    async def conclude(self) -> None:
        """Shows how it ended, after it was stopped for good."""
        run = Run.latest(self._part.folder)
        if run is None or run.child() is None:
            self._show(settled=True, ready=False)
            return
        self._show(state=self._terminated(run, await run.over()), ready=False, started=False, settled=True)

    def health_changed(self, *, started: bool, ready: bool) -> None:
        self._show(started=started, ready=ready)

    def probe_failed(self, probe: str, text: str) -> None:
        self._witness.say("Warning", "Unhealthy", f"{probe} probe failed: {text}")

    async def _start(self, run: Run, delay: float) -> None:
        while run.child() is None:
            try:
                await self._launch(run, delay)
            except UnstartableError as error:
                self._wait_for(error)
                await asyncio.sleep(_RETRY)
            except LaunchError as error:
                self._wait_for(UnstartableError("RunContainerError", str(error)))
                await asyncio.sleep(_FIRST_BACK_OFF)

    async def _launch(self, run: Run, delay: float) -> None:
        plan = run.plan()  # There already if somebody was killed between planning and starting.
        if plan is None:
            image = find_image(self._part.spec, self._node)
            prepared = prepare(self._witness.pod, self._part.spec, image, self._part.folder, self._node)
            plan = replace(prepared, delay=delay)
        await self._node.launcher.launch(run, plan)
        run.forget_older()
        self._announce()

    async def _attend(self, run: Run) -> Ending:
        """Shows the run as running, until it is over."""
        child = run.child()
        adopted = self._view.container_id == self._id(run)
        self._view = replace(
            self._view,
            restarts=run.number - 1,
            container_id=self._id(run),
            image_id=self._image_id(),
            started=adopted and self._view.started,
            ready=adopted and self._view.ready,
        )
        if child is None or not alive(child):  # It ended at once, or while we were away.
            return await run.over()
        health = Health(self._part.spec, self._target(run), self)
        if adopted:
            health.resume(started=self._view.started, ready=self._view.ready)
        self._show(state=Running(run.started_at()))
        over = asyncio.create_task(run.over())
        watch = asyncio.create_task(health.watch())
        try:
            await asyncio.wait((over, watch), return_when=asyncio.FIRST_COMPLETED)
            if not over.done():
                await self._give_up(watch.result())
            ending = await over
        finally:
            for task in (over, watch):
                task.cancel()
            await asyncio.gather(over, watch, return_exceptions=True)
        return ending

    async def _give_up(self, probe: str) -> None:
        self._witness.say("Normal", "Killing", f"Container {self._part.name} failed {probe} probe, will be restarted")
        self._show(ready=False)
        grace = self._witness.pod["spec"].get("terminationGracePeriodSeconds")
        await stop_container(self._part.folder, 30 if grace is None else grace)

    async def _back_off(self, ended: Terminated, delay: float) -> None:
        name, pod = self._part.name, self._witness.pod["metadata"]
        message = f"back-off {delay:g}s restarting failed container={name} pod={pod['name']}_{pod['namespace']}"
        self._show(state=Waiting("CrashLoopBackOff", message), last=ended, ready=False, started=False)
        self._witness.say("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {pod['name']}")
        gone = (self._node.clock.now() - ended.finished_at).total_seconds()
        await asyncio.sleep(min(delay, max(0.0, delay - gone)))

    async def _recall(self, run: Run) -> None:
        if run.child() is not None:
            self._view = replace(self._view, last=self._terminated(run, await run.over()), restarts=run.number)

    def _runs_again(self, ended: Terminated) -> bool:
        return self._part.policy == "Always" or (self._part.policy == "OnFailure" and ended.exit_code != 0)

    def _terminated(self, run: Run, ending: Ending) -> Terminated:
        code = _UNSEEN if ending.code is None else ending.code
        message = ending.failure or termination_message(self._part.spec, self._part.folder, failed=code != 0)
        reason = "Completed" if code == 0 else "Error"
        if ending.failure:
            reason = "StartError"
        elif ending.code is None:
            reason = "ContainerStatusUnknown"
            message = message or "The container ended while nobody was there to see its exit code"
        finished_at = ending.finished_at or self._node.clock.now()
        return Terminated(code, reason, message, run.started_at(), finished_at, self._id(run))

    def _wait_for(self, error: UnstartableError) -> None:
        self._show(state=Waiting(error.reason, error.message), ready=False, started=False)
        if error.message != self._said:
            self._said = error.message
            self._witness.say("Warning", error.event, error.message)

    def _announce(self) -> None:
        name, image = self._part.name, self._part.spec.get("image")
        self._witness.say("Normal", "Pulled", f'Container image "{image}" is in the catalogue')
        self._witness.say("Normal", "Created", f"Created container {name}")
        self._witness.say("Normal", "Started", f"Started container {name}")

    def _target(self, run: Run) -> Target:
        plan = run.plan() or Plan((), {}, "", "", 0.0)
        ports = {
            port["name"]: int(port["containerPort"]) for port in self._part.spec.get("ports") or [] if port.get("name")
        }
        return Target(self._witness.pod["status"]["podIP"], ports, self._part.folder / "root", plan.env)

    def _image_id(self) -> str:
        image = self._node.catalogue.find(self._part.spec.get("image") or "")
        return image.id if image is not None else self._view.image_id

    def _id(self, run: Run) -> str:
        words = f"{self._witness.pod['metadata']['uid']}/{self._part.name}/{run.number}"
        return f"pocketkube://{sha256(words.encode()).hexdigest()}"

    def _show(self, **news: Any) -> None:
        self._view = replace(self._view, **news)
        self._witness.seen(self._view)


def _next_delay(run: Run, ended: Terminated) -> float:
    plan = run.plan()
    before = plan.delay if plan is not None else 0.0
    ran = ended.finished_at - ended.started_at
    if ran.total_seconds() >= _GOOD_RUN or not before:
        return _FIRST_BACK_OFF
    return min(_LONGEST_BACK_OFF, before * 2)
