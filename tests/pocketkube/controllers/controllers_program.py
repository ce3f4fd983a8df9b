"""The controllers as a program of their own, so that it can be killed: DATA PREFIX; objects come from DATA/wanted."""

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from pocketkube.controllers.run import run_controllers
from pocketkube.kit.clock import SystemClock
from pocketkube.kit.files import write_atomically
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.catalogue import Catalogue


class CountedAddresses:
    """Addresses under the prefix, each once, over restarts too."""

    def __init__(self, data: Path, prefix: str) -> None:
        self._file = data / "addresses"
        self._prefix = prefix

    def pod(self) -> str:
        number = int(self._file.read_text()) + 1 if self._file.exists() else 2
        write_atomically(self._file, str(number))
        return f"{self._prefix}.{number}"


def wanted(data: Path) -> Iterable[KubeObject]:
    for path in sorted((data / "wanted").glob("*.json")):
        yield json.loads(path.read_text())


async def main(data: Path, prefix: str) -> None:
    store = ObjectStore(data / "objects.db", SystemClock())
    for obj in wanted(data):
        metadata = obj["metadata"]
        if store.find(obj["kind"], metadata.get("namespace", ""), metadata["name"]) is None:
            store.create(obj)
    await run_controllers(
        store,
        data=data,
        catalogue=Catalogue([data / "images.toml"]),
        addresses=CountedAddresses(data, prefix),
        service_environment=lambda namespace: {},
        clock=SystemClock(),
        mesh=False,
    )


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
