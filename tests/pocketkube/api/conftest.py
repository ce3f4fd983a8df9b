"""An API without controllers: as plain calls on a store in memory, and over HTTPS for the real kubectl."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from pocketkube.api.access import token_in, write_kubeconfig
from pocketkube.api.app import ApiSettings, api_app
from pocketkube.api.certificates import certificates_in
from pocketkube.api.incoming import APPLY, Patch
from pocketkube.api.server import ApiServer
from pocketkube.api.targets import parse_target
from pocketkube.api.writes import WriteOptions, Writes
from pocketkube.kit.clock import SystemClock
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

KUBECTL = Path(sys.executable).parent / "kubectl"


class StandingClock:
    """Shows the time at which it was started until it is told to go on."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Calls:
    """The writing half of the API as calls; paths are as in URLs, objects as YAML text or dicts."""

    store: ObjectStore
    writes: Writes

    def create(self, path: str, body: str | KubeObject, manager: str = "kubectl-create") -> KubeObject:
        return self.writes.create(parse_target(path), tree(body), WriteOptions(manager)).object

    def replace(self, path: str, body: str | KubeObject, manager: str = "kubectl-replace") -> KubeObject:
        return self.writes.replace(parse_target(path), tree(body), WriteOptions(manager)).object

    def patch(self, path: str, media_type: str, body: Any, manager: str = "kubectl-patch") -> KubeObject:
        patch = Patch(f"application/{media_type}+json", body)
        return self.writes.patch(parse_target(path), patch, WriteOptions(manager)).object

    def apply(self, path: str, body: str | KubeObject, manager: str = "lockgate", *, force: bool = False) -> KubeObject:
        options = WriteOptions(manager, force=force)
        return self.writes.patch(parse_target(path), Patch(APPLY, tree(body)), options).object


def tree(body: str | KubeObject) -> KubeObject:
    """The object that YAML text holds; a dict is itself."""
    if isinstance(body, str):
        parsed: KubeObject = yaml.safe_load(body)
        return parsed
    return body


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(clock: StandingClock) -> ObjectStore:
    store = ObjectStore(None, clock)
    for name in ("default", "dev"):
        store.create({"kind": "Namespace", "metadata": {"name": name}, "status": {"phase": "Active"}})
    return store


@pytest.fixture
def calls(store: ObjectStore) -> Calls:
    return Calls(store, Writes(store))


@dataclass(frozen=True, slots=True)
class Live:
    """A served API; `kubectl` gives exit code and output of the real program."""

    store: ObjectStore
    clock: StandingClock
    folder: Path
    address: str

    async def kubectl(self, *words: str, stdin: str = "") -> tuple[int, str]:
        process = await self.start_kubectl(*words)
        output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        assert process.returncode is not None
        return process.returncode, output.decode()

    async def start_kubectl(self, *words: str) -> asyncio.subprocess.Process:
        environment = {"KUBECONFIG": str(self.folder / "kubeconfig"), "HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        return await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )

    async def ok(self, *words: str, stdin: str = "") -> str:
        code, output = await self.kubectl(*words, stdin=stdin)
        assert code == 0, f"kubectl {' '.join(words)}: {output}"
        return output


@pytest_asyncio.fixture
async def live(store: ObjectStore, clock: StandingClock, tmp_path: Path) -> AsyncIterator[Live]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        certificates = certificates_in(tmp_path, SystemClock().now())
        token = token_in(tmp_path)
        write_kubeconfig(tmp_path, server=address, context="pocketkube", token=token)
        ending = asyncio.Event()
        server = ApiServer(api_app(store, ApiSettings(tmp_path / "pods"), token, ending), certificates)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Live(store, clock, tmp_path, address)
        finally:
            ending.set()
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(serving, 30)
