"""All containers of a pod at one moment, and whether enough is known of them to say so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.status import Running, View, Waiting, has_succeeded, pod_status, view_of


class PodViews:
    """Collects what each container reports.

    One who comes back to a running pod says nothing before every container was heard of: what was said before is true
    until then, and a pod must not look unready for a moment only because we were away.
    """

    def __init__(self, pod: KubeObject) -> None:
        spec = pod["spec"]
        self._first: Sequence[Mapping[str, Any]] = spec.get("initContainers") or []
        self._main: Sequence[Mapping[str, Any]] = spec["containers"]
        self._heard: dict[str, View] = {}
        conditions = (pod.get("status") or {}).get("conditions") or []
        self._was_initialized = any(each["type"] == "Initialized" and each["status"] == "True" for each in conditions)

    def put(self, view: View) -> bool:
        """Whether it is news."""
        news = self._heard.get(view.name) != view
        self._heard[view.name] = view
        return news

    def can_speak(self) -> bool:
        names = [each["name"] for each in (*self._first, *self._main)]
        if not self._was_initialized and not self._is_initialized():
            return True
        return all(name in self._heard for name in names)

    def status(self, pod: KubeObject, now: datetime) -> dict[str, Any]:
        return pod_status(pod, self._views(self._main), now, self._views(self._first))

    def running(self) -> list[str]:
        """The names of the containers that run, as far as is known."""
        return [view.name for view in self._heard.values() if isinstance(view.state, Running)]

    def has_succeeded(self, name: str) -> bool:
        return name in self._heard and has_succeeded(self._heard[name])

    def settled(self) -> bool:
        return all(each["name"] in self._heard and self._heard[each["name"]].settled for each in self._main)

    def _is_initialized(self) -> bool:
        return all(self.has_succeeded(each["name"]) for each in self._first)

    def _views(self, specs: Sequence[Mapping[str, Any]]) -> list[View]:
        reason = "ContainerCreating" if self._is_initialized() else "PodInitializing"
        return [self._heard.get(spec["name"]) or replace(view_of(spec, {}), state=Waiting(reason)) for spec in specs]
