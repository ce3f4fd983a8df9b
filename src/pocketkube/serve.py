"""The composition root: store, API, controllers and mesh of one installation, in one event loop."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pocketkube.api.access import token_in, write_kubeconfig
from pocketkube.api.app import ApiSettings, api_app
from pocketkube.api.cells import ColumnStyle
from pocketkube.api.certificates import SERVER_ADDRESS, certificates_in
from pocketkube.api.server import ApiServer
from pocketkube.controllers.run import run_controllers
from pocketkube.installation import Installation
from pocketkube.kit.clock import Clock, SystemClock
from pocketkube.mesh.addresses import Addresses, shared_folder
from pocketkube.mesh.run import run_mesh
from pocketkube.mesh.service_env import service_environment
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.catalogue import Catalogue

_NAMESPACES = ("default", "kube-system", "istio-system")


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """What the command line says; `port` 0 is a free one at first start and then always the same."""

    data: Path
    port: int = 0
    gateway_port: int = 31380
    images: Sequence[Path] = ()
    context: str = "pocketkube"
    columns: ColumnStyle = "document"
    mesh: bool = True


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the controllers need of the machine."""

    folder: Path
    catalogue: Catalogue
    addresses: Addresses


async def serve(settings: ServeSettings) -> None:
    """Serves until SIGTERM or SIGINT; the pods' processes go on and are adopted by the next start.

    AlreadyRunningError when another one serves the same data; OSError when the port is taken.
    """
    installation = Installation(settings.data)
    with installation.claimed(), installation.listening(settings.port) as listener, ExitStack() as opened:
        folder = installation.folder
        clock = SystemClock()
        catalogue = Catalogue([*settings.images, folder / "images.toml"])
        addresses = opened.enter_context(closing(Addresses(folder, shared_folder())))
        store = opened.enter_context(closing(ObjectStore(folder / "objects.db", clock)))
        await _serve(settings, listener, store, clock, _Surroundings(folder, catalogue, addresses))


async def _serve(
    settings: ServeSettings, listener: socket.socket, store: ObjectStore, clock: Clock, surroundings: _Surroundings
) -> None:
    folder = surroundings.folder
    certificates = certificates_in(folder, clock.now())
    token = token_in(folder)
    address = f"https://{SERVER_ADDRESS}:{listener.getsockname()[1]}"
    kubeconfig = write_kubeconfig(folder, server=address, context=settings.context, token=token)
    _ensure_namespaces(store)

    ending = asyncio.Event()
    app = api_app(store, ApiSettings(folder / "pods", settings.columns), token, ending)
    server = ApiServer(app, certificates)
    with _signals_set(ending):
        async with asyncio.TaskGroup() as tasks:
            parts = tasks.create_task(_run_parts(settings, store, clock, surroundings))
            tasks.create_task(server.serve(sockets=[listener]))
            sys.stdout.write(f"pocketkube serves {address}\nexport KUBECONFIG={kubeconfig}\n")
            sys.stdout.flush()
            await ending.wait()
            server.should_exit = True
            parts.cancel()


async def _run_parts(settings: ServeSettings, store: ObjectStore, clock: Clock, surroundings: _Surroundings) -> None:
    """Controllers and mesh, until cancelled."""
    folder, addresses = surroundings.folder, surroundings.addresses
    async with asyncio.TaskGroup() as tasks:
        controllers = run_controllers(
            store,
            data=folder,
            catalogue=surroundings.catalogue,
            addresses=addresses,
            service_environment=lambda namespace: service_environment(store, namespace),
            clock=clock,
            mesh=settings.mesh,
        )
        tasks.create_task(controllers)
        if settings.mesh:
            port = settings.gateway_port
            mesh = run_mesh(store, data=folder, gateway_port=port, addresses=addresses, clock=clock)
            tasks.create_task(mesh)


@contextmanager
def _signals_set(ending: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _ensure_namespaces(store: ObjectStore) -> None:
    for name in _NAMESPACES:
        if store.find("Namespace", "", name) is None:
            store.create(
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                    "spec": {"finalizers": ["kubernetes"]},
                    "status": {"phase": "Active"},
                }
            )
