"""What goes with what: finalizers, owners, namespaces."""

import pytest

from pocketkube.objects.errors import ForbiddenError, NotFoundError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


def make(
    store: ObjectStore, kind: str, name: str, owner: KubeObject | None = None, finalizers: tuple[str, ...] = ()
) -> KubeObject:
    metadata: dict[str, object] = {"name": name, "namespace": "dev"}
    if owner is not None:
        metadata["ownerReferences"] = [
            {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        ]
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return store.create({"kind": kind, "metadata": metadata, "spec": {}})


def test_what_an_object_owns_goes_with_it_all_the_way_down(store: ObjectStore) -> None:
    deployment = make(store, "Deployment", "carts")
    replica_set = make(store, "ReplicaSet", "carts-1", deployment)
    make(store, "Pod", "carts-1-a", replica_set)
    make(store, "Pod", "unrelated")

    store.delete("Deployment", "dev", "carts")

    assert store.list("ReplicaSet") == []
    assert [pod["metadata"]["name"] for pod in store.list("Pod")] == ["unrelated"]


def test_an_object_with_a_second_owner_stays(store: ObjectStore) -> None:
    one, other = make(store, "Deployment", "one"), make(store, "Deployment", "other")
    make(store, "Pod", "shared", one)
    reference = {"kind": "Deployment", "name": "other", "uid": other["metadata"]["uid"]}
    store.change("Pod", "dev", "shared", lambda obj: obj["metadata"]["ownerReferences"].append(reference))

    store.delete("Deployment", "dev", "one")

    assert store.find("Pod", "dev", "shared") is not None


def test_orphaning_keeps_what_was_owned_and_sets_it_free(store: ObjectStore) -> None:
    deployment = make(store, "Deployment", "carts")
    make(store, "ReplicaSet", "carts-1", deployment)

    store.delete("Deployment", "dev", "carts", orphan=True)

    assert "ownerReferences" not in store.get("ReplicaSet", "dev", "carts-1")["metadata"]


def test_a_child_that_is_created_after_its_owner_went_does_not_stay(store: ObjectStore) -> None:
    owner = make(store, "ReplicaSet", "carts-1")
    store.delete("ReplicaSet", "dev", "carts-1")

    make(store, "Pod", "late", owner)

    assert store.list("Pod") == []


def test_a_finalizer_keeps_a_deleted_object_until_it_is_taken_off(store: ObjectStore) -> None:
    make(store, "Pod", "p", finalizers=("pocketkube.dev/runtime",))

    marked = store.delete("Pod", "dev", "p", grace_seconds=5)

    assert marked["metadata"]["deletionTimestamp"] == "2026-11-22T21:00:00Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 5
    store.change("Pod", "dev", "p", lambda obj: obj["metadata"].pop("finalizers"))
    assert store.find("Pod", "dev", "p") is None


def test_a_pod_is_given_its_own_grace_period_and_a_second_delete_only_shortens_it(store: ObjectStore) -> None:
    pod = make(store, "Pod", "p", finalizers=("x/y",))
    assert "deletionGracePeriodSeconds" not in pod["metadata"]

    grace = [
        store.delete("Pod", "dev", "p", grace_seconds=seconds)["metadata"]["deletionGracePeriodSeconds"]
        for seconds in (None, 3, 60)
    ]

    assert grace == [30, 3, 3]


def test_a_namespace_is_terminating_until_the_last_object_in_it_is_gone(store: ObjectStore) -> None:
    store.create({"kind": "Namespace", "metadata": {"name": "dev"}})
    make(store, "ConfigMap", "settings")
    make(store, "Pod", "p", finalizers=("x/y",))

    left = store.delete("Namespace", "", "dev")

    assert left["status"]["phase"] == "Terminating"
    assert store.list("ConfigMap") == []
    with pytest.raises(ForbiddenError, match="because it is being terminated"):
        make(store, "Pod", "another")
    store.change("Pod", "dev", "p", lambda obj: obj["metadata"].pop("finalizers"))
    with pytest.raises(NotFoundError):
        store.get("Namespace", "", "dev")


def test_an_empty_namespace_goes_at_once(store: ObjectStore) -> None:
    store.create({"kind": "Namespace", "metadata": {"name": "dev"}})

    store.delete("Namespace", "", "dev")

    assert store.list("Namespace") == []
