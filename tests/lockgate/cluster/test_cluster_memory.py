"""The cluster in memory keeps the contract, and its knobs do what they say."""

from typing import Any

import pytest

from lockgate.cluster.memory import MemoryCluster, Write
from lockgate.domain.errors import TransientError
from lockgate.domain.manifest import Ref
from lockgate.domain.release import Weights
from lockgate.ports.cluster import Broken, Cluster, NotYet, Ready
from lockgate.testing.contracts.cluster import ClusterContract, config, namespace

PLACE = "shop-dev"
CARTS = Ref("Deployment", PLACE, "carts")


class TestMemoryCluster(ClusterContract):
    @pytest.fixture
    def cluster(self) -> MemoryCluster:
        return MemoryCluster()

    @pytest.fixture
    def place(self) -> str:
        return PLACE

    async def take_over(self, cluster: Cluster, ref: Ref) -> None:
        assert isinstance(cluster, MemoryCluster)
        cluster.owned[ref] = (".data.colour", "somebody")


def deployment(image: str) -> dict[str, Any]:
    pod = {"containers": [{"name": "carts", "image": image}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "carts", "namespace": PLACE},
        "spec": {"template": {"spec": pod}},
    }


def route(blue: int, green: int) -> dict[str, Any]:
    entries = [
        {"destination": {"host": "carts", "subset": subset}, "weight": weight}
        for subset, weight in (("blue", blue), ("green", green))
    ]
    return {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": f"{PLACE}-carts", "namespace": PLACE},
        "spec": {"http": [{"route": entries}]},
    }


async def test_a_deployment_is_ready_at_once() -> None:
    cluster = MemoryCluster()
    await cluster.apply([namespace(PLACE), deployment("carts:1")], fence=1)
    assert await cluster.readiness([CARTS]) == Ready()
    assert cluster.image(PLACE, "carts") == "carts:1"


async def test_a_broken_image_breaks_its_deployment_and_says_why() -> None:
    cluster = MemoryCluster()
    cluster.never_ready.add("carts:1")
    await cluster.apply([namespace(PLACE), deployment("carts:1")], fence=1)
    assert isinstance(await cluster.readiness([CARTS]), NotYet)
    cluster.broken_images["carts:1"] = "ErrImagePull: no such image"
    assert await cluster.readiness([CARTS]) == Broken("deployment carts in shop-dev: ErrImagePull: no such image")


async def test_an_api_that_is_away_is_transient_for_every_call() -> None:
    cluster = MemoryCluster()
    cluster.unavailable = True
    for call in (cluster.apply([], 1), cluster.remove([], 1), cluster.read(CARTS), cluster.readiness([])):
        with pytest.raises(TransientError, match="Kubernetes API"):
            await call


async def test_weights_are_read_from_the_route_and_remembered_in_order() -> None:
    cluster = MemoryCluster()
    await cluster.apply([namespace(PLACE), route(100, 0)], fence=1)
    await cluster.apply([route(100, 0)], fence=2)
    await cluster.apply([route(0, 100)], fence=2)
    assert cluster.weights(PLACE, "carts") == Weights(blue=0, green=100)
    assert cluster.weight_history(PLACE, "carts") == (Weights(blue=100, green=0), Weights(blue=0, green=100))
    assert cluster.weights(PLACE, "absent") is None


async def test_history_holds_what_changed_and_what_was_removed() -> None:
    cluster = MemoryCluster()
    one = config(PLACE, "one", colour="blue")
    for _ in range(2):
        await cluster.apply([namespace(PLACE), one], fence=1)
    for _ in range(2):
        await cluster.remove([Ref("ConfigMap", PLACE, "one")], fence=1)
    assert [(write.verb, write.ref.name) for write in cluster.history] == [
        ("apply", PLACE),
        ("apply", "one"),
        ("remove", "one"),
    ]
    assert cluster.history[-1] == Write("remove", Ref("ConfigMap", PLACE, "one"))


async def test_a_namespace_takes_its_objects_with_it() -> None:
    cluster = MemoryCluster()
    await cluster.apply([namespace(PLACE), deployment("carts:1")], fence=1)
    await cluster.remove([Ref("Namespace", "", PLACE)], fence=None)
    assert await cluster.read(CARTS) is None


async def test_what_is_read_is_a_copy() -> None:
    cluster = MemoryCluster()
    await cluster.apply([namespace(PLACE), config(PLACE, "one", colour="blue")], fence=1)
    held: Any = await cluster.read(Ref("ConfigMap", PLACE, "one"))
    held["data"]["colour"] = "red"
    again = await cluster.read(Ref("ConfigMap", PLACE, "one"))
    assert again is not None
    assert again["data"]["colour"] == "blue"
