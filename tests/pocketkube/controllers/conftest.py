import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pocketkube.controllers.run import run_controllers
from pocketkube.kit.clock import SystemClock
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.catalogue import Catalogue
from pocketkube.runtime.procfs import Identity, belonging
from pocketkube.runtime.runs import Run
from pocketkube.runtime.stopping import containers, stop_container

DEADLINE = 60.0  # seconds; the machine may be busy
NAMESPACE = "shop"
# A small HTTP server: 200, and 503 from the moment on that a file of that name is in its root.
WEB = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists(self.path.strip('/')) else 200)
        self.end_headers()
        self.wfile.write(os.environ.get('VERSION', '').encode())
    def log_message(self, *words): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = ThreadingHTTPServer((os.environ['POD_IP'], 8080), Web)
print('up', os.environ.get('VERSION'), flush=True)
server.serve_forever()
"""


@dataclass
class FreshAddresses:
    """Addresses in a /24 of 127/8 that no other test has."""

    prefix: str = field(default_factory=lambda: f"127.{secrets.randbelow(100) + 100}.{secrets.randbelow(256)}")
    given: list[str] = field(default_factory=list)

    def pod(self) -> str:
        self.given.append(f"{self.prefix}.{len(self.given) + 2}")
        return self.given[-1]


@dataclass
class Cluster:
    """A store with its controllers running, and what tests ask of it."""

    data: Path
    mesh: bool = False
    store: ObjectStore = field(default_factory=lambda: ObjectStore(None, SystemClock()))
    addresses: FreshAddresses = field(default_factory=FreshAddresses)
    services: dict[str, str] = field(default_factory=dict)
    _running: asyncio.Task[None] | None = None

    @property
    def images(self) -> Path:
        return self.data / "images.toml"

    def start(self) -> None:
        self._running = asyncio.create_task(
            run_controllers(
                self.store,
                data=self.data,
                catalogue=Catalogue([self.images]),
                addresses=self.addresses,
                service_environment=lambda namespace: self.services,
                clock=SystemClock(),
                mesh=self.mesh,
            )
        )

    async def stop(self) -> None:
        """Ends the controllers as a killed pocketkube would: pods keep running."""
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def end(self) -> None:
        await self.stop()
        await asyncio.gather(*(stop_container(folder, 0) for folder in containers(self.data)))

    def add_image(self, repository: str, source: str, tag: str = "*", args: tuple[str, ...] = ()) -> None:
        script = self.data / f"{repository}.py"
        script.write_text(source)
        command = json.dumps(["{python}", str(script)])
        entry = f'[[image]]\nrepository = "{repository}"\ntag = "{tag}"\ncommand = {command}\nargs = {list(args)}\n'
        with self.images.open("a") as file:
            file.write(entry)

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + DEADLINE
        while not (found := condition()):
            assert self._running is not None
            assert not self._running.done(), self._running
            assert time.monotonic() < deadline, f"waited {DEADLINE:g} s for {what}: {self.events()}"
            await asyncio.sleep(0.01)
        return found

    def create(self, kind: str, name: str, **body: Any) -> KubeObject:
        return self.store.create({"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, **body})

    def find(self, kind: str, name: str) -> KubeObject | None:
        return self.store.find(kind, NAMESPACE, name)

    def get(self, kind: str, name: str) -> KubeObject:
        return self.store.get(kind, NAMESPACE, name)

    def change(self, kind: str, name: str, change: Callable[[KubeObject], object]) -> None:
        def mutate(obj: KubeObject) -> None:
            change(obj)

        self.store.change(kind, NAMESPACE, name, mutate)

    def pods(self, **labels: str) -> list[KubeObject]:
        """Those that are not about to end."""
        found = self.store.list("Pod", NAMESPACE, labels)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def events(self) -> list[tuple[str, str, str]]:
        return [
            (event["involvedObject"]["name"], event["reason"], event["message"]) for event in self.store.list("Event")
        ]

    def said(self, reason: str, text: str = "") -> bool:
        return any(said == reason and text in message for _, said, message in self.events())

    def folder(self, pod: str, container: str = "c") -> Path:
        return self.data / "pods" / NAMESPACE / pod / container

    def log(self, pod: str, name: str = "log") -> str:
        path = self.folder(pod) / name
        return path.read_text() if path.exists() else ""

    def child(self, pod: str) -> Identity | None:
        run = Run.latest(self.folder(pod))
        return run.child() if run is not None else None

    def processes(self) -> list[Identity]:
        return [member for folder in containers(self.data) for member in belonging(folder / "root", None)]

    @staticmethod
    def state(pod: KubeObject | None) -> dict[str, Any]:
        statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or [{}]
        return dict(statuses[0].get("state") or {})

    @staticmethod
    def restarts(pod: KubeObject) -> int:
        return int(pod["status"]["containerStatuses"][0]["restartCount"])

    @staticmethod
    def condition(obj: KubeObject | None, kind: str) -> dict[str, Any]:
        for condition in ((obj or {}).get("status") or {}).get("conditions") or []:
            if condition["type"] == kind:
                return dict(condition)
        return {}

    def is_ready(self, pod: str) -> bool:
        return bool(self.condition(self.find("Pod", pod), "Ready").get("status") == "True")

    def rolled_out(self, name: str) -> bool:
        """As `kubectl rollout status` sees it."""
        deployment = self.get("Deployment", name)
        status = deployment.get("status") or {}
        wanted = deployment["spec"].get("replicas", 1)
        counts = [status.get(f"{which}eplicas") for which in ("r", "updatedR", "availableR")]
        return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == [wanted] * 3


async def _cluster(folder: Path, *, mesh: bool) -> AsyncIterator[Cluster]:
    made = Cluster(folder, mesh=mesh)
    made.add_image("web", WEB)
    made.add_image("python", "import sys; exec(sys.argv[1])")
    made.store.create({"kind": "Namespace", "metadata": {"name": NAMESPACE}})
    made.start()
    yield made
    await made.end()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async for made in _cluster(tmp_path, mesh=False):
        yield made


@pytest.fixture
async def meshed(tmp_path: Path) -> AsyncIterator[Cluster]:
    async for made in _cluster(tmp_path, mesh=True):
        yield made
