"""What only a release had goes when the release does; data stays, and whoever reads the events knows of it."""

from typing import Any

import pytest

from lockgate.delivery.state import write_state
from lockgate.domain.delivery import Outcome, StageRun
from lockgate.domain.errors import FencedError, TransientError
from lockgate.domain.event import EventType
from lockgate.domain.manifest import Ref
from lockgate.testing.world import IMAGE, VALUES, World, world_under_gate

MANIFESTS = """apiVersion: apps/v1
kind: Deployment
metadata: {name: carts}
spec:
  template:
    spec:
      containers:
      - {name: carts, image: any, envFrom: [{configMapRef: {name: settings}}]}
---
apiVersion: v1
kind: Service
metadata: {name: carts}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: '1'}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
"""
WITH_SETTINGS = {"carts/values.yaml": None, "carts/manifests/all.yaml": MANIFESTS}
WITHOUT = {"carts/values.yaml": VALUES, "carts/manifests/all.yaml": None}
KEPT = "claim files-{colour} is used no more and was kept for its data: kubectl delete pvc files-{colour}"


async def world_with_settings() -> World:
    """0.6.0 everywhere with values alone; what is sent from now on has a ConfigMap and a claim."""
    world = await world_under_gate()
    await world.push(WITH_SETTINGS)
    return world


async def notes(world: World, stage: str) -> str:
    events = await world.store.since(0, context=None, limit=10_000)
    told = [event for event in events if event.type == EventType.ROLLBACK_FINISHED and event.data["stage"] == stage]
    return str(told[-1].data["note"])


async def test_configuration_that_only_a_refused_release_had_is_gone_and_its_claim_is_named() -> None:
    world = await world_with_settings()
    assert (await world.deliver("0.6.1")).outcome is Outcome.REJECTED
    assert not world.holds("ConfigMap", "staging", "settings-blue")
    assert world.holds("PersistentVolumeClaim", "staging", "files-blue")
    assert KEPT.format(colour="blue") in await notes(world, "staging")


async def test_an_idle_release_keeps_its_configuration() -> None:
    world = await world_with_settings()
    await world.deliver("0.6.2")
    await world.push(WITHOUT)
    await world.deliver("0.6.2")
    assert world.live("staging") == "0.6.2"
    assert world.holds("ConfigMap", "staging", "settings-blue")


async def test_configuration_of_a_release_that_was_replaced_in_both_colours_is_gone_and_its_claim_is_named() -> None:
    world = await world_with_settings()
    await world.deliver("0.6.2")
    await world.push(WITHOUT)
    await world.deliver("0.6.2")
    sent = await world.deliver("0.6.2")
    assert not world.holds("ConfigMap", "staging", "settings-blue")
    assert world.holds("PersistentVolumeClaim", "staging", "files-blue")
    assert KEPT.format(colour="blue") in (await world.runs(sent))["staging"].reason


async def test_what_bears_the_name_and_belongs_to_another_service_stays() -> None:
    world = await world_with_settings()
    await world.deliver("0.6.2")
    ref = Ref("ConfigMap", "sockshop-dev", "settings")
    world.cluster.objects[ref]["metadata"]["labels"]["app"] = "sockshop-selector-orders"
    await world.push(WITHOUT)
    await world.deliver("0.6.2")
    assert world.holds("ConfigMap", "dev", "settings")


async def test_a_release_holds_although_what_it_replaced_cannot_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await world_with_settings()
    await world.deliver("0.6.2")
    await world.push(WITHOUT)

    async def away(*_: Any, **__: Any) -> None:
        raise TransientError("the cluster is away")

    monkeypatch.setattr(world.cluster, "remove", away)
    sent = await world.deliver("0.6.3")
    run = (await world.runs(sent))["dev"]
    assert run.outcome is Outcome.PROMOTED
    assert "what only the replaced release had could not be removed" in run.reason
    assert "the cluster is away" in run.reason


async def test_a_turn_that_is_over_does_not_write_where_a_later_one_left_nothing() -> None:
    world = World()
    await world.create()
    world.cluster.never_ready.add(f"{IMAGE}:9.9")
    sent = await world.deliver("9.9")
    over: StageRun = (await world.runs(sent))["dev"]
    assert (await world.state("dev")).desired is None
    with pytest.raises(FencedError, match=f"turn {over.token} is over"):
        await write_state(world.outside, over, verified=None, candidate=None, message="late")
