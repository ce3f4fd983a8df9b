"""The mesh as a program: wakes on changes and on Envoy, turns, and waits."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from pocketkube.kit.clock import Clock
from pocketkube.mesh.addresses import AddressError
from pocketkube.mesh.admin import Admin, EnvoyGoneError, EnvoySilentError, EnvoyView
from pocketkube.mesh.bootstrap import admin_place, envoy_folder
from pocketkube.mesh.composition import Places
from pocketkube.mesh.data_plane import Sight
from pocketkube.mesh.gateway import PORT
from pocketkube.mesh.ingress_service import ADDRESS, NAME, NAMESPACE, ensure_ingress_service, gateway_port_claimed
from pocketkube.mesh.names import ServiceRef, listener_name
from pocketkube.mesh.routes import GATEWAY
from pocketkube.mesh.services import complaint, listened_port, loopback_address, lowest_bindable_port, needs_address
from pocketkube.mesh.snapshot import WATCHED
from pocketkube.mesh.statuses import warn
from pocketkube.mesh.turn import Mesh, Progress
from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

_SOONEST, _BUSY, _IDLE = 0.005, 0.25, 2.0  # seconds between looks at Envoy
_RELISTEN = 5.0  # seconds between attempts to listen where it failed

_log = logging.getLogger(__name__)


class ServiceAddresses(Protocol):
    """Gives each Service its address."""

    def service(self, namespace: str, name: str) -> str: ...


async def run_mesh(
    store: ObjectStore, *, data: Path, gateway_port: int, addresses: ServiceAddresses, clock: Clock
) -> None:
    """Keeps Envoy's files, and what users see of them, in step with the store, until cancelled.

    Envoy is not needed to begin with, and may come and go. `gateway_port` 0 means any. `clock` measures patience.
    """
    address, admin_port = admin_place(data)
    admin = Admin(address, admin_port)
    try:
        with gateway_port_claimed(data, gateway_port) as port:
            async with asyncio.TaskGroup() as tasks:
                changed = asyncio.Event()
                tasks.create_task(_give_addresses(store, addresses))
                tasks.create_task(_listen(store, changed))
                tasks.create_task(_Loop(store, data, port, admin, clock).run(changed))
    finally:
        await admin.close()


async def _give_addresses(store: ObjectStore, addresses: ServiceAddresses) -> None:
    """Writes the cluster IP of each Service that lacks one, before anything else happens to it."""
    told: set[tuple[str, int]] = set()
    async with store.subscribe("Service") as changes:
        async for step, obj in changes:
            metadata = obj["metadata"]
            if step == "DELETED":
                continue
            edition, text = (metadata["uid"], metadata["generation"]), complaint(obj)
            if text is not None and edition not in told:
                told.add(edition)
                warn(store, obj, "NotImplemented", text)
            if not needs_address(obj):
                continue
            try:
                address = addresses.service(metadata["namespace"], metadata["name"])
            except AddressError as error:
                warn(store, obj, "NoAddress", str(error))
                continue
            with contextlib.suppress(NotFoundError):
                store.change("Service", metadata["namespace"], metadata["name"], _placed_at(address))


def _placed_at(address: str) -> Callable[[KubeObject], None]:
    def place(obj: KubeObject) -> None:
        obj.setdefault("spec", {}).update({"clusterIP": address, "clusterIPs": [address]})

    return place


async def _listen(store: ObjectStore, changed: asyncio.Event) -> None:
    async with store.subscribe(*WATCHED) as changes:
        while True:
            await changes.next_change()
            changed.set()


class _Loop:
    """Looks, turns, waits; more often while something is on its way."""

    def __init__(self, store: ObjectStore, data: Path, gateway_port: int, admin: Admin, clock: Clock) -> None:
        self._store = store
        self._gateway_port = gateway_port
        self._admin = admin
        self._clock = clock
        self._mesh = Mesh(store, envoy_folder(data), clock)
        self._lowest = lowest_bindable_port()
        self._relisten_at = 0.0
        self._told: dict[str, str] = {}

    async def run(self, changed: asyncio.Event) -> None:
        pause = _SOONEST
        while True:
            woken = changed.is_set()
            changed.clear()
            sight = await self._look()
            progress = self._turn(sight)
            pause = _SOONEST if woken or progress is Progress.MOVED else min(pause * 1.5, _BUSY)
            # asyncio.wait_for of Python 3.11 may swallow a cancellation that comes with the change.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IDLE if progress is Progress.SETTLED else pause):
                    await changed.wait()

    async def _look(self) -> Sight:
        try:
            return Sight(await self._admin.look())
        except EnvoyGoneError:
            return Sight(None, is_gone=True)
        except EnvoySilentError as error:
            _log.warning("%s", error)
            return Sight(None)

    def _turn(self, sight: Sight) -> Progress:
        try:
            progress = self._mesh.turn(sight, self._places())
            if sight.view is not None and sight.view.listener_errors:
                self._relisten(sight.view)
        except Exception:
            # One object that nobody thought of must not stop the drains and routes of all others for ever.
            _log.exception("a turn of the mesh failed; it is tried again")
            return Progress.WAITING
        return progress

    def _places(self) -> Places:
        service = ensure_ingress_service(self._store, self._gateway_port)
        gateway: dict[str, tuple[str, int]] = {GATEWAY: (ADDRESS, self._gateway_port)}
        inside = None if service is None else loopback_address(service)
        if inside is not None:
            gateway[listener_name(ServiceRef(NAMESPACE, NAME), PORT)] = (inside, listened_port(PORT, self._lowest))
        return Places(gateway, self._lowest)

    def _relisten(self, view: EnvoyView) -> None:
        self._tell_listener_errors(view.listener_errors)
        now = self._clock.now().timestamp()
        if now >= self._relisten_at:
            self._relisten_at = now + _RELISTEN
            self._mesh.retry_listeners()

    def _tell_listener_errors(self, errors: Mapping[str, str]) -> None:
        for name, text in errors.items():
            if self._told.get(name) == text:
                continue
            self._told[name] = text
            namespace, service = (NAMESPACE, NAME) if name == GATEWAY else name.split("_")[:2]
            obj = self._store.find("Service", namespace, service)
            if obj is not None:
                warn(self._store, obj, "ListenFailed", f"Envoy cannot listen for {name}: {text}")
