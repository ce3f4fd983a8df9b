"""The store: every object, its versions, who owns whom, and what goes when something is deleted."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pocketkube.kit.clock import Clock, timestamp
from pocketkube.kit.ids import name_suffix, new_uid
from pocketkube.kit.trees import copy_tree
from pocketkube.objects import ownership
from pocketkube.objects.changes import Change, ChangeType, History, Subscription
from pocketkube.objects.disk import Disk
from pocketkube.objects.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
)
from pocketkube.objects.kinds import KINDS, KubeObject, kind_named

Key = tuple[str, str, str]
_UNCHANGEABLE = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "name", "namespace")


class ObjectStore:
    """All objects, in memory and written through to one SQLite file; used from one asyncio loop only.

    Whatever comes out is the caller's own copy. A method that returned has its change on disk.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.clock = clock
        self._disk = Disk(path)
        self.resource_version = self._disk.version()
        self._objects: dict[str, dict[tuple[str, str], KubeObject]] = {kind: {} for kind in KINDS}
        self._history = History(self.resource_version)
        self._unpublished: list[Change] = []
        self._depth = 0
        for obj in self._disk.objects():
            metadata = obj["metadata"]
            self._objects[obj["kind"]][(metadata.get("namespace", ""), metadata["name"])] = obj

    def get(self, kind: str, namespace: str, name: str) -> KubeObject:
        """The object; `namespace` is "" for a cluster-scoped kind. NotFoundError."""
        return copy_tree(self._at(kind, namespace, name))

    def find(self, kind: str, namespace: str, name: str) -> KubeObject | None:
        """The object, or None."""
        kind_named(kind)
        found = self._objects[kind].get((namespace, name))
        return None if found is None else copy_tree(found)

    def list(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[KubeObject]:
        """All of a kind, sorted; `namespace` None means every one, `labels` must all be there with that value."""
        kind_named(kind)
        return [
            copy_tree(obj)
            for (where, _), obj in sorted(self._objects[kind].items())
            if namespace in (None, where) and _has_labels(obj, labels)
        ]

    def names(self, kind: str, namespace: str) -> set[str]:
        """The names of a kind in a namespace; cheaper than the objects."""
        return {name for where, name in self._objects[kind_named(kind).kind] if where == namespace}

    def create(self, obj: KubeObject, *, uid: str | None = None) -> KubeObject:
        """Adds it, with uid, creationTimestamp, resourceVersion and generation 1; metadata.generateName is followed.

        AlreadyExistsError; ForbiddenError in a namespace that is being deleted.
        """
        kind = kind_named(obj["kind"])
        obj = copy_tree(obj)
        metadata = obj["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + name_suffix()
        if not metadata.get("name"):
            raise InvalidError(f"a {kind.kind} needs metadata.name or metadata.generateName")
        namespace = self._namespace_of(obj)
        if (namespace, metadata["name"]) in self._objects[kind.kind]:
            raise AlreadyExistsError(f'{kind.resource} "{metadata["name"]}" already exists')
        self._refuse_in_terminating(kind.resource, namespace, metadata["name"])
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            metadata.pop(field, None)
        metadata |= {"uid": uid or new_uid(), "creationTimestamp": timestamp(self.clock), "generation": 1}
        obj["apiVersion"] = kind.api_version
        with self._write():
            self._put(obj, previous=None)
            if ownership.is_orphan(obj, self._everything()):
                self._remove(obj)  # Its owner went while somebody was about to create it.
        return copy_tree(obj)

    def update(self, obj: KubeObject) -> KubeObject:
        """Replaces it whole; without `status` in it the old status stays.

        ConflictError when metadata.resourceVersion (or uid) is given and not the current one. The generation
        rises when anything outside metadata and status differs; nothing is written when nothing differs. Taking
        the last finalizer off an object that is being deleted removes it.
        """
        kind = kind_named(obj["kind"])
        obj = copy_tree(obj)
        metadata = obj["metadata"]
        current = self._at(kind.kind, self._namespace_of(obj), metadata["name"])
        self._refuse_stale(kind.resource, current, metadata)
        if "status" not in obj and "status" in current:
            obj["status"] = copy_tree(current["status"])
        obj["apiVersion"] = kind.api_version
        for field in _UNCHANGEABLE:
            metadata.pop(field, None)
            if field in current["metadata"]:
                metadata[field] = current["metadata"][field]
        metadata["generation"] = current["metadata"]["generation"] + (_desired(obj) != _desired(current))
        metadata["resourceVersion"] = current["metadata"]["resourceVersion"]
        if obj == current:
            return copy_tree(current)
        with self._write():
            if "deletionTimestamp" in metadata and self._may_go(obj):
                self._drop(obj)
            else:
                self._put(obj, previous=current)
        return copy_tree(obj)

    def change(self, kind: str, namespace: str, name: str, mutate: Callable[[KubeObject], None]) -> KubeObject:
        """Reads it, lets `mutate` edit any part of it in place, writes it; never conflicts. NotFoundError."""
        obj = self.get(kind, namespace, name)
        mutate(obj)
        return self.update(obj)

    def delete(
        self,
        kind: str,
        namespace: str,
        name: str,
        *,
        grace_seconds: int | None = None,
        orphan: bool = False,
    ) -> KubeObject:
        """Removes it, and with it what names it as owner (which is kept and set free with `orphan`). NotFoundError.

        With finalizers left it is only marked: deletionTimestamp (the moment of asking) and deletionGracePeriodSeconds
        (a pod's own period unless given). A namespace is marked Terminating, and goes when it is empty.
        """
        current = self._at(kind, namespace, name)
        with self._write():
            if orphan:
                for owned in ownership.owned_by(current["metadata"]["uid"], self._everything()):
                    self._put(ownership.without_owner(owned, current["metadata"]["uid"]), previous=owned)
            self._remove(current, grace_seconds)
        left = self._objects[kind].get((namespace, name), current)
        return copy_tree(left)

    def subscribe(self, *kinds: str) -> Subscription:
        """What exists now as ("ADDED", object), then every change, until closed (or the end of `async with`)."""
        return self._history.open(self._known(kinds), self._as_added(kinds))

    def watch(self, *kinds: str, since: int) -> Subscription:
        """The changes after a version, then every later one.

        ExpiredError when that version is too old, or from another life of this store: list again.
        """
        if since > self.resource_version:
            raise ExpiredError(f"unknown resource version: {since} ({self.resource_version} is the latest)")
        names = self._known(kinds)
        return self._history.open(names, self._history.since(since, names))

    def close(self) -> None:
        self._disk.close()

    def _at(self, kind: str, namespace: str, name: str) -> KubeObject:
        resource = kind_named(kind).resource
        try:
            return self._objects[kind][(namespace, name)]
        except KeyError:
            raise NotFoundError(f'{resource} "{name}" not found') from None

    def _everything(self) -> Iterator[KubeObject]:
        for objects in self._objects.values():
            yield from list(objects.values())

    @staticmethod
    def _known(kinds: tuple[str, ...]) -> frozenset[str]:
        return frozenset(kind_named(kind).kind for kind in kinds)

    def _as_added(self, kinds: tuple[str, ...]) -> Iterator[Change]:
        for kind in kinds:
            for _, obj in sorted(self._objects[kind].items()):
                yield Change("ADDED", int(obj["metadata"]["resourceVersion"]), obj, None)

    @staticmethod
    def _namespace_of(obj: KubeObject) -> str:
        if not KINDS[obj["kind"]].namespaced:
            obj["metadata"].pop("namespace", None)
            return ""
        namespace: str = obj["metadata"].setdefault("namespace", "default")
        return namespace

    def _refuse_in_terminating(self, resource: str, namespace: str, name: str) -> None:
        home = self._objects["Namespace"].get(("", namespace))
        if home is not None and "deletionTimestamp" in home["metadata"]:
            raise ForbiddenError(
                f'{resource} "{name}" is forbidden: unable to create new content in namespace {namespace} '
                "because it is being terminated"
            )

    @staticmethod
    def _refuse_stale(resource: str, current: KubeObject, given: KubeObject) -> None:
        for field in ("resourceVersion", "uid"):
            if given.get(field) and given[field] != current["metadata"][field]:
                raise ConflictError(
                    f'Operation cannot be fulfilled on {resource} "{given["name"]}": the object has been modified; '
                    f"please apply your changes to the latest version and try again ({field} {given[field]} was "
                    f"sent, {current['metadata'][field]} is current)"
                )

    @contextmanager
    def _write(self) -> Iterator[None]:
        """One transaction on disk; the changes are told to subscribers only after it is committed."""
        self._disk.begin()
        try:
            yield
            self._disk.commit(self.resource_version)
        except BaseException:
            self._disk.roll_back()
            raise
        ready, self._unpublished = self._unpublished, []
        for change in ready:
            self._history.publish(change)

    def _put(self, obj: KubeObject, previous: KubeObject | None) -> None:
        self._step("MODIFIED" if previous else "ADDED", obj, previous)
        kind, *key = _key(obj)
        self._objects[kind][(key[0], key[1])] = obj
        self._disk.put(_key(obj), obj)

    def _drop(self, obj: KubeObject) -> None:
        """Takes it out for good, then what it owned, then its namespace if that only waited for it."""
        kind, namespace, name = _key(obj)
        previous = self._objects[kind].pop((namespace, name))
        obj = {**obj, "metadata": dict(obj["metadata"])}
        self._disk.drop((kind, namespace, name))
        self._step("DELETED", obj, previous)
        for owned in ownership.owned_by(obj["metadata"]["uid"], self._everything()):
            if ownership.is_orphan(owned, self._everything()):
                self._remove(owned)
        home = self._objects["Namespace"].get(("", namespace))
        if home is not None and "deletionTimestamp" in home["metadata"] and self._may_go(home):
            self._drop(home)

    def _remove(self, obj: KubeObject, grace_seconds: int | None = None) -> None:
        kind, namespace, name = _key(obj)
        current = self._objects[kind].get((namespace, name))
        if current is None or current["metadata"]["uid"] != obj["metadata"]["uid"]:
            return  # The cascade came by here before.
        if self._may_go(current):
            self._drop(current)
            return
        inside = list(self._in_namespace(name)) if kind == "Namespace" else []
        marked = ownership.marked_for_deletion(current, timestamp(self.clock), grace_seconds)
        if marked != current:
            self._put(marked, previous=current)
        for contained in inside:
            self._remove(contained)

    def _may_go(self, obj: KubeObject) -> bool:
        """Whether nothing holds it: no finalizer, and for a namespace nothing in it."""
        metadata = obj["metadata"]
        is_empty = obj["kind"] != "Namespace" or not any(self._in_namespace(metadata["name"]))
        return is_empty and not metadata.get("finalizers")

    def _in_namespace(self, namespace: str) -> Iterator[KubeObject]:
        return (obj for obj in self._everything() if obj["metadata"].get("namespace") == namespace)

    def _step(self, step: ChangeType, obj: KubeObject, previous: KubeObject | None) -> None:
        self.resource_version += 1
        obj["metadata"]["resourceVersion"] = str(self.resource_version)
        self._unpublished.append(Change(step, self.resource_version, obj, previous))


def _key(obj: KubeObject) -> Key:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _has_labels(obj: KubeObject, labels: Mapping[str, str] | None) -> bool:
    own = obj["metadata"].get("labels") or {}
    return all(own.get(name) == value for name, value in (labels or {}).items())


def _desired(obj: KubeObject) -> KubeObject:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion", "kind")}
