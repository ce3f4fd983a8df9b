"""All controllers of one installation, side by side in one event loop."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from pocketkube.controllers.deployment import DeploymentController
from pocketkube.controllers.job import JobController
from pocketkube.controllers.kubelet import Kubelet
from pocketkube.controllers.replicaset import ReplicaSetController
from pocketkube.controllers.volumeclaim import VolumeClaimController
from pocketkube.kit.clock import Clock
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.catalogue import Catalogue
from pocketkube.runtime.node import Node, PodAddresses


class Surroundings(TypedDict):
    """What controllers need to know of the machine; `mesh` says whether somebody routes traffic to pods."""

    data: Path
    catalogue: Catalogue
    addresses: PodAddresses
    service_environment: Callable[[str], Mapping[str, str]]
    clock: Clock
    mesh: bool


async def run_controllers(store: ObjectStore, **surroundings: Unpack[Surroundings]) -> None:
    """Makes the store's objects true until cancelled; the pods' processes outlive it, and the next call adopts them."""
    node = Node(
        store,
        surroundings["data"],
        surroundings["catalogue"],
        surroundings["addresses"],
        surroundings["service_environment"],
        surroundings["clock"],
        surroundings["mesh"],
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(VolumeClaimController(node).run())
        tasks.create_task(Kubelet(node).run())
        tasks.create_task(ReplicaSetController(node).run())
        tasks.create_task(DeploymentController(node).run())
        tasks.create_task(JobController(node).run())
