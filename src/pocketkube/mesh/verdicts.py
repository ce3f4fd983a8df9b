"""From what the mesh knows about a VirtualService to the condition that its users read."""

from collections.abc import Mapping

from pocketkube.mesh.compiled import Compiled
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.ownership import Ownership
from pocketkube.mesh.statuses import Condition
from pocketkube.objects.kinds import KubeObject

PATIENCE = 10.0  # seconds before a wait is told as trouble
_SERVED = Condition(is_served=True, reason="Served", message="Envoy serves it")


class Verdicts:
    """Remembers since when each generation of a VirtualService waits."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, float]] = {}
        self._waiting: set[str] = set()
        self._now = 0.0

    @property
    def is_waiting(self) -> bool:
        return bool(self._waiting)

    def begin(self, objects: Mapping[str, KubeObject], now: float) -> None:
        """Starts a turn at `now` seconds; whoever was served, or has a new generation, waits from here on."""
        self._now = now
        since = {}
        for key, obj in objects.items():
            generation = obj["metadata"]["generation"]
            before = self._since.get(key)
            is_same = before is not None and before[0] == generation and key in self._waiting
            since[key] = before if is_same and before else (generation, now)
        self._since = since
        self._waiting &= set(objects)

    @staticmethod
    def on_reference(error: RefusedError | None) -> Condition:
        """On an object that routes only refer to."""
        if error is None:
            return Condition(is_served=True, reason="Accepted", message="understood in full")
        return Condition(is_served=False, reason=error.reason, message=str(error))

    def on_routes(
        self,
        key: str,
        served: Compiled | None,
        waiting: RefusedError | list[str] | None,
        ownership: Ownership,
        unobserved: list[str],
    ) -> Condition | None:
        """None while there is nothing to say yet."""
        self._waiting.discard(key)
        rest = "the routes from before stay in force" if served else "nothing is served for it"
        if isinstance(waiting, RefusedError):
            return Condition(is_served=False, reason=waiting.reason, message=f"{waiting}; {rest}")
        if waiting:
            return self._wait(key, "WaitingForEndpoints", f"{'; '.join(waiting)}; {rest}; it is tried again")
        if unobserved or served is None:
            files = ", ".join(unobserved)
            return self._wait(key, "NotObserved", f"Envoy does not serve {files} yet; it is waited for")
        return _about_losses(key, served, ownership)

    def _wait(self, key: str, reason: str, message: str) -> Condition | None:
        self._waiting.add(key)
        waited = self._now - self._since[key][1]
        return Condition(is_served=False, reason=reason, message=message) if waited >= PATIENCE else None


def _about_losses(key: str, served: Compiled, ownership: Ownership) -> Condition:
    losses = ownership.losses.get(key, [])
    if not losses:
        return _SERVED
    text = "; ".join(f"{name} belongs to the older VirtualService {owner}" for name, owner in losses)
    if len(losses) == len({*served.hosts, *served.http, *served.tcp}):
        return Condition(is_served=False, reason="HostTaken", message=f"{text}; nothing is left for this one")
    return Condition(is_served=True, reason="HostTaken", message=f"{text}; the rest is served", warning=text)
