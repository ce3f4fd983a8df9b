"""What every cluster adapter must do.

Use: a test class that inherits `ClusterContract` and has two fixtures, `cluster` (the adapter under test) and `place`
(a namespace's name that nothing uses), and the method `take_over`, which makes another field manager own a field.
"""

import asyncio
from typing import Any

from lockgate.domain.errors import ConflictError, FencedError, InvalidError
from lockgate.domain.manifest import Manifest, Ref, ref_of
from lockgate.ports.cluster import Cluster, NotYet, Ready

_PATIENCE = 60.0  # seconds until what was removed must be gone


class ClusterContract:
    async def take_over(self, cluster: Cluster, ref: Ref) -> None:
        """Make a field manager called `somebody` own `data.colour` of a ConfigMap, with the value `red`."""
        raise NotImplementedError

    async def test_what_was_applied_can_be_read(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place), config(place, "one", colour="blue")], fence=1)
        held = await cluster.read(Ref("ConfigMap", place, "one"))
        assert held is not None
        assert (held["kind"], held["data"]) == ("ConfigMap", {"colour": "blue"})

    async def test_what_is_not_there_is_none(self, cluster: Cluster, place: str) -> None:
        assert await cluster.read(Ref("ConfigMap", place, "absent")) is None

    async def test_applying_again_changes_nothing(self, cluster: Cluster, place: str) -> None:
        objects = [namespace(place), config(place, "one", colour="blue")]
        await cluster.apply(objects, fence=1)
        before = await cluster.read(ref_of(objects[1]))
        await cluster.apply(objects, fence=1)
        assert before is not None
        assert await cluster.read(ref_of(objects[1])) == before

    async def test_a_field_that_is_no_longer_applied_is_gone(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place), config(place, "one", colour="blue", weight="9")], fence=1)
        await cluster.apply([config(place, "one", colour="blue")], fence=2)
        held = await cluster.read(Ref("ConfigMap", place, "one"))
        assert held is not None
        assert held["data"] == {"colour": "blue"}

    async def test_an_older_turn_may_not_write_over_a_newer_one(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        await cluster.apply([config(place, "one", colour="blue")], fence=7)
        error = await raised(cluster.apply([config(place, "one", colour="red")], fence=6))
        held = await cluster.read(Ref("ConfigMap", place, "one"))
        assert isinstance(error, FencedError)
        assert "configmap one" in str(error)
        assert held is not None
        assert held["data"] == {"colour": "blue"}

    async def test_an_older_turn_may_not_remove_what_a_newer_one_wrote(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        await cluster.apply([config(place, "one", colour="blue")], fence=7)
        assert isinstance(await raised(cluster.remove([Ref("ConfigMap", place, "one")], fence=6)), FencedError)
        assert await cluster.read(Ref("ConfigMap", place, "one")) is not None

    async def test_the_same_turn_and_a_newer_one_write(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        for fence, colour in ((7, "blue"), (7, "green"), (8, "red")):
            await cluster.apply([config(place, "one", colour=colour)], fence=fence)
        held = await cluster.read(Ref("ConfigMap", place, "one"))
        assert held is not None
        assert held["data"] == {"colour": "red"}
        assert held["metadata"]["annotations"]["lockgate.dev/fence"] == "8"

    async def test_of_many_turns_at_once_the_newest_stays(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        await cluster.apply([config(place, "one", colour="0")], fence=0)
        await self._race(cluster, place)

    async def test_of_many_turns_at_once_the_newest_creates(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        await self._race(cluster, place)

    async def _race(self, cluster: Cluster, place: str) -> None:
        turns = (cluster.apply([config(place, "one", colour=str(turn))], fence=turn) for turn in range(1, 6))
        ends = await asyncio.gather(*turns, return_exceptions=True)
        held = await cluster.read(Ref("ConfigMap", place, "one"))
        assert all(end is None or isinstance(end, FencedError) for end in ends)
        assert held is not None
        assert held["data"] == {"colour": "5"}

    async def test_what_lanes_share_carries_no_fence(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        held = await cluster.read(Ref("Namespace", "", place))
        assert held is not None
        assert "lockgate.dev/fence" not in held["metadata"].get("annotations", {})

    async def test_removing_is_safe_to_repeat(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place), config(place, "one", colour="blue")], fence=1)
        refs = [Ref("ConfigMap", place, "one"), Ref("ConfigMap", place, "absent")]
        await cluster.remove(refs, fence=1)
        await cluster.remove(refs, fence=1)
        assert await gone(cluster, refs[0])

    async def test_a_field_that_somebody_else_owns_is_a_conflict(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place), config(place, "one", colour="blue")], fence=1)
        await self.take_over(cluster, Ref("ConfigMap", place, "one"))
        error = await raised(cluster.apply([config(place, "one", colour="green")], fence=2))
        assert isinstance(error, ConflictError)
        assert "data.colour" in str(error)
        assert "somebody" in str(error)

    async def test_a_namespace_that_is_missing_is_invalid(self, cluster: Cluster, place: str) -> None:
        error = await raised(cluster.apply([config(place, "one", colour="blue")], fence=1))
        assert isinstance(error, InvalidError)
        assert place in str(error)

    async def test_an_unknown_kind_is_invalid(self, cluster: Cluster, place: str) -> None:
        error = await raised(cluster.read(Ref("Ingress", place, "one")))
        assert isinstance(error, InvalidError)
        assert "Ingress" in str(error)
        assert "Deployment" in str(error)

    async def test_selecting_gives_the_objects_that_carry_all_labels(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        for name, colour in (("one", "blue"), ("two", "green"), ("three", "blue")):
            labelled = config(place, name, colour=colour)
            labelled["metadata"]["labels"] = {"app": "carts", "colour": colour}
            await cluster.apply([labelled], fence=1)
        found = await cluster.select("ConfigMap", place, {"app": "carts", "colour": "blue"})
        assert {each["metadata"]["name"] for each in found} == {"one", "three"}
        assert {each["kind"] for each in found} == {"ConfigMap"}

    async def test_what_is_asked_about_and_not_there_is_not_ready(self, cluster: Cluster, place: str) -> None:
        await cluster.apply([namespace(place)], fence=None)
        assert await cluster.readiness([]) == Ready()
        answer = await cluster.readiness([Ref("Namespace", "", place), Ref("Deployment", place, "carts")])
        assert isinstance(answer, NotYet)
        assert "carts" in answer.reason


def namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config(namespace: str, name: str, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def raised(call: Any) -> Exception | None:
    """What *call*, awaited, ends with; None when it ends well."""
    try:
        await call
    except Exception as error:
        return error
    return None


async def gone(cluster: Cluster, ref: Ref) -> bool:
    """Whether *ref* is there no longer; a platform may take a moment."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while await cluster.read(ref) is not None:
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True
