"""A mesh with a real Envoy, and pods that are small HTTP servers on loopback addresses."""

import asyncio
import contextlib
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pocketkube.kit.clock import SystemClock
from pocketkube.mesh.addresses import Addresses
from pocketkube.mesh.bootstrap import envoy_command
from pocketkube.mesh.run import run_mesh
from pocketkube.objects.store import ObjectStore

DEADLINE_SECONDS = 40.0
# One for all tests on this machine, so that runs side by side get different networks.
_CLAIMS = Path(tempfile.gettempdir()) / f"pocketkube-tests-{os.getuid()}"
_ISTIO = "networking.istio.io/v1beta1"

Answer = tuple[int, str]


async def until(condition: Callable[[], Any], what: str) -> Any:
    """Asks again and again; what the condition gives in the end."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.02)
    pytest.fail(f"after {DEADLINE_SECONDS:g} s still not: {what}")


class Upstream:
    """What runs in a pod: answers its own name; /slow/MS takes so long; /headers says what it was sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, address: str, port: int, *, speaks_http: bool = True) -> None:
        self._server = await asyncio.start_server(self._http if speaks_http else self._tcp, address, port)

    async def stop(self) -> None:
        """As a server that was sent SIGTERM: no new connections, and what is open ends at once."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(f"{self.name}\n".encode())
            await writer.drain()
            writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(request.decode(), writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, request: str, writer: asyncio.StreamWriter) -> None:
        path = request.split(" ", 2)[1]
        if path.startswith("/slow/"):
            await asyncio.sleep(int(path.rpartition("/")[2]) / 1000)
        if not path.startswith("/health"):
            self.asked += 1
        body = (request if path.startswith("/headers") else self.name).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()


class Connection:
    """One kept-alive HTTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, address: str, port: int) -> "Connection":
        return cls(*await asyncio.open_connection(address, port))

    async def ask(self, host: str, path: str = "/", headers: dict[str, str] | None = None) -> Answer:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            *(f"{key}: {value}" for key, value in (headers or {}).items()),
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        body = (await self._reader.readexactly(length)).decode()
        return int(head.split(" ")[1]), body

    def close(self) -> None:
        self._writer.close()


class Load:
    """Requests without a pause, over kept-alive and over new connections, until it is stopped."""

    def __init__(self, port: int, host: str, path: str = "/") -> None:
        self._where = ("127.0.0.1", port)
        self._host, self._path = host, path
        self._is_over = False
        self.answers: Counter[Answer] = Counter()
        self.errors: list[str] = []

    @property
    def failures(self) -> list[Any]:
        return [*self.errors, *(each for each in self.answers.items() if each[0][0] != 200)]

    @property
    def total(self) -> int:
        return self.answers.total()

    async def __aenter__(self) -> "Load":
        self._workers = [asyncio.create_task(self._work(is_kept=number < 4)) for number in range(6)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._workers)

    async def reaches(self, more: int) -> None:
        """Waits for so many further requests."""
        goal = self.total + more
        await until(lambda: self.total >= goal or self.errors, f"{goal} requests")

    async def _work(self, *, is_kept: bool) -> None:
        connection = None
        while not self._is_over:
            try:
                connection = connection or await Connection.to(*self._where)
                self.answers[await connection.ask(self._host, self._path)] += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                self.errors.append(repr(error))
                connection = None
            if connection and not is_kept:
                connection.close()
                connection = None


class Installation:
    """A store, a mesh and an Envoy; pods are made by hand, as the runtime would."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.store = ObjectStore(data / "objects.sqlite", SystemClock())
        self.addresses = Addresses(data, _CLAIMS)
        self.envoy: asyncio.subprocess.Process | None = None
        self.upstreams: dict[str, Upstream] = {}
        self._mesh: asyncio.Task[None] | None = None

    @property
    def gateway_port(self) -> int:
        return int(json.loads((self.data / "gateway.json").read_text())["port"])

    @property
    def admin_port(self) -> int:
        return int(json.loads((self.data / "envoy/admin.json").read_text())["port"])

    async def start_mesh(self) -> None:
        clock = SystemClock()
        self._mesh = asyncio.create_task(
            run_mesh(self.store, data=self.data, gateway_port=0, addresses=self.addresses, clock=clock)
        )
        await until(lambda: (self.data / "envoy/lds.json").exists() or self._mesh is None, "the mesh writes listeners")

    async def turn_of_the_loop(self, times: int) -> None:
        """Lets everybody else run so often; an odd number of times for a moment each."""
        for _ in range(times):
            await asyncio.sleep(times % 2 * 0.001)

    async def stop_mesh(self) -> None:
        if self._mesh is not None:
            self._mesh.cancel()
            await asyncio.gather(self._mesh, return_exceptions=True)
            self._mesh = None

    async def start_envoy(self) -> None:
        silent = asyncio.subprocess.DEVNULL
        self.envoy = await asyncio.create_subprocess_exec(*envoy_command(self.data), stdout=silent, stderr=silent)

    async def kill_envoy(self) -> None:
        if self.envoy is not None and self.envoy.returncode is None:
            self.envoy.kill()
            await self.envoy.wait()

    async def close(self) -> None:
        await self.stop_mesh()
        await self.kill_envoy()
        for upstream in self.upstreams.values():
            await upstream.stop()
        self.store.close()
        self.addresses.close()
        (self.data / "network.json").unlink()

    def add(self, kind: str, name: str, spec: dict[str, Any], *, namespace: str = "shop", **metadata: Any) -> Any:
        version = "v1" if kind in ("Service", "Pod") else _ISTIO
        place = {"name": name, "namespace": namespace, **metadata}
        return self.store.create({"apiVersion": version, "kind": kind, "metadata": place, "spec": spec})

    def set_spec(self, kind: str, name: str, **fields: Any) -> Any:
        return self.store.change(kind, "shop", name, lambda obj: obj["spec"].update(fields))

    def set_weights(self, name: str = "carts", **weights: int) -> Any:
        return self.set_spec("VirtualService", name, http=[{"route": shares(**weights)}])

    def add_blue_green(self) -> None:
        """Service, subsets, Gateway and VirtualService of carts, all traffic to blue; no pods yet."""
        self.add_service("carts", {"name": "http", "port": 80, "targetPort": 8080})
        subsets = [{"name": colour, "labels": {"deployment": f"carts-{colour}"}} for colour in ("blue", "green")]
        self.add("DestinationRule", "carts", {"host": "carts", "subsets": subsets})
        self.add_gateway()
        self.add_routes("carts", ["carts.shop.localhost", "carts"], [{"route": shares(blue=100, green=0)}])

    def add_service(self, name: str, *ports: dict[str, Any], **spec: Any) -> None:
        self.add("Service", name, {"selector": {"app": name}, "ports": list(ports), **spec})

    def add_routes(self, name: str, hosts: list[str], http: list[dict[str, Any]], **spec: Any) -> None:
        self.add("VirtualService", name, {"hosts": hosts, "gateways": ["gw", "mesh"], "http": http, **spec})

    def add_gateway(self) -> None:
        server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
        self.add("Gateway", "gw", {"selector": {"istio": "ingressgateway"}, "servers": [server]})

    async def add_pod(
        self, name: str, colour: str = "blue", *, app: str = "carts", port: int = 8080, http: bool = True
    ) -> str:
        """A pod that serves; ready at once. Its address."""
        address = self.addresses.pod()
        self.upstreams[name] = Upstream(name)
        await self.upstreams[name].listen(address, port, speaks_http=http)
        probe = {"readinessProbe": {"httpGet": {"path": "/health", "port": port}}} if http else {}
        self.add(
            "Pod",
            name,
            {"containers": [{"name": "main", **probe}]},
            labels={"app": app, "deployment": f"{app}-{colour}"},
            finalizers=["pocketkube.dev/runtime"],
        )
        self.set_ready(name, address, is_ready=True)
        return address

    def set_ready(self, name: str, address: str, *, is_ready: bool) -> None:
        condition = {"type": "Ready", "status": "True" if is_ready else "False"}
        status = {"phase": "Running", "podIP": address, "conditions": [condition]}
        self.store.change("Pod", "shop", name, lambda obj: obj.update(status=status))

    async def replace_pod(self, old: str, new: str, colour: str = "blue") -> None:
        """As a rolling update does it: the new one in the mesh, then the old one drained, then ended."""
        await self.add_pod(new, colour)
        await until(lambda: self.is_marked(new, "in-mesh"), f"{new} is in the mesh")
        await self.retire_pod(old)

    async def retire_pod(self, old: str) -> None:
        """Deleted, drained, ended."""
        self.store.delete("Pod", "shop", old)
        await until(lambda: self.is_marked(old, "drained"), f"{old} is drained")
        await self.upstreams.pop(old).stop()
        self.store.change("Pod", "shop", old, lambda obj: obj["metadata"].pop("finalizers"))

    def is_marked(self, pod: str, mark: str) -> bool:
        annotations = self.store.get("Pod", "shop", pod)["metadata"].get("annotations", {})
        return bool(annotations.get(f"pocketkube.dev/{mark}") == "true")

    def condition(self, name: str = "carts", kind: str = "VirtualService", namespace: str = "shop") -> dict[str, Any]:
        """The condition Reconciled of the present generation, {} while there is none."""
        obj = self.store.get(kind, namespace, name)
        found = (obj.get("status") or {}).get("conditions") or [{}]
        condition: dict[str, Any] = found[0]
        return condition if condition.get("observedGeneration") == obj["metadata"]["generation"] else {}

    async def is_served(self, name: str = "carts") -> None:
        await until(lambda: self.condition(name).get("status") == "True", f"VirtualService {name} is served")

    async def is_refused(self, name: str = "carts", kind: str = "VirtualService") -> dict[str, Any]:
        condition: dict[str, Any] = await until(
            lambda: self.condition(name, kind).get("status") == "False" and self.condition(name, kind),
            f"{name} is refused",
        )
        return condition

    def warnings(self, name: str) -> list[str]:
        return [
            event["message"]
            for event in self.store.list("Event")
            if event["type"] == "Warning" and event["involvedObject"]["name"] == name
        ]

    async def ask(self, host: str = "carts.shop.localhost", path: str = "/", **headers: str) -> Answer:
        """Through the gateway, over a new connection; (0, error) where there is none."""
        return await self.ask_at("127.0.0.1", self.gateway_port, host, path, **headers)

    async def ask_at(self, address: str, port: int, host: str = "any", path: str = "/", **headers: str) -> Answer:
        try:
            connection = await Connection.to(address, port)
            answer = await connection.ask(host, path, {key.replace("_", "-"): value for key, value in headers.items()})
        except (OSError, asyncio.IncompleteReadError) as error:
            return 0, repr(error)
        connection.close()
        return answer

    def load(self, host: str = "carts.shop.localhost", path: str = "/") -> Load:
        return Load(self.gateway_port, host, path)


def shares(**weights: int) -> list[dict[str, Any]]:
    host = "carts.shop.svc.cluster.local"
    return [{"destination": {"host": host, "subset": colour}, "weight": weight} for colour, weight in weights.items()]


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """Store and mesh run, Envoy does not yet."""
    made = Installation(tmp_path)
    await made.start_mesh()
    yield made
    await made.close()


@pytest.fixture
async def served(installation: Installation) -> Installation:
    """The carts of the demo, blue and green, one pod each, behind a running Envoy."""
    await installation.start_envoy()
    installation.add_blue_green()
    await installation.add_pod("blue-1", "blue")
    await installation.add_pod("green-1", "green")
    await installation.is_served()
    return installation


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    return until
