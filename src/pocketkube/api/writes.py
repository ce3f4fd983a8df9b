"""Create, replace, patch, apply: from what a client sent to what the store keeps."""

from dataclasses import dataclass
from typing import Any

from pocketkube.api import applying, field_owners, incoming
from pocketkube.api.decoding import BadRequestError, FieldValidation
from pocketkube.api.defaults import fill_in
from pocketkube.api.field_owners import FieldOwner
from pocketkube.api.incoming import Patch
from pocketkube.api.schemas import Schema, schema_of
from pocketkube.api.targets import Target
from pocketkube.api.validation import refuse_incomplete, validate
from pocketkube.kit.clock import timestamp
from pocketkube.kit.ids import new_uid
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.errors import AlreadyExistsError, ConflictError, NotFoundError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What the query of a write says. `manager` owns the fields that are written."""

    manager: str
    dry_run: bool = False
    force: bool = False
    field_validation: FieldValidation = "Strict"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a write; `warnings` are for the client's eyes."""

    object: KubeObject
    created: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Write:
    """A write on its way: what it is about, and what is known of it so far."""

    target: Target
    schema: Schema
    options: WriteOptions
    object: KubeObject
    warnings: tuple[str, ...]


class Writes:
    """The writing half of the API, without HTTP. Every method raises the errors of `objects.errors`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, target: Target, body: dict[str, Any], options: WriteOptions) -> Written:
        """Adds it; NotFoundError when its namespace is missing."""
        write = self._received(target, body, options)
        return self._insert(write, "Update")

    def replace(self, target: Target, body: dict[str, Any], options: WriteOptions) -> Written:
        """Replaces the object, or its status, as a whole; ConflictError when it carries a stale resourceVersion."""
        old = self._store.get(target.kind.kind, target.namespace, target.only_name)
        return self._change(self._received(target, body, options), old)

    def patch(self, target: Target, patch: Patch, options: WriteOptions) -> Written:
        """Patches it, or applies a configuration to it, which creates it if it is missing."""
        if patch.media_type == incoming.APPLY:
            return self._apply(target, patch.body, options)
        old = self._store.get(target.kind.kind, target.namespace, target.only_name)
        shown = {**copy_tree(old), "apiVersion": target.api_version}
        body = incoming.patched(schema_of(target.kind), shown, patch, target)
        return self._change(self._received(target, body, options), old)

    def _received(self, target: Target, body: dict[str, Any], options: WriteOptions) -> _Write:
        schema = schema_of(target.kind)
        obj, warnings = incoming.decoded(schema, target, body, options.field_validation)
        return _Write(target, schema, options, obj, warnings)

    def _apply(self, target: Target, body: dict[str, Any], options: WriteOptions) -> Written:
        if (body.get("metadata") or {}).get("managedFields"):
            raise BadRequestError("metadata.managedFields must be nil in an applied configuration")
        write = self._received(target, body, options)
        old = self._store.find(target.kind.kind, target.namespace, target.only_name)
        version = write.object["metadata"].pop("resourceVersion", None)
        if old is None:
            if target.subresource or version:
                raise NotFoundError(f'{target.kind.resource} "{target.name}" not found')
            return self._insert(write, "Apply")
        self._refuse_stale(target, old, version)
        config = incoming.applied_part(target, write.object)
        applied = applying.apply(write.schema, old, config, self._writer(write, "Apply"), force=options.force)
        new = applied.object
        new["metadata"]["managedFields"] = field_owners.written(applied.owners)
        refuse_incomplete(target.kind, write.schema, new)
        fill_in(new, old)
        return self._finish(write, new, old)

    def _insert(self, write: _Write, operation: str) -> Written:
        target, new = write.target, write.object
        if target.kind.namespaced and self._store.find("Namespace", "", target.namespace) is None:
            raise NotFoundError(f'namespaces "{target.namespace}" not found')
        metadata = new["metadata"]
        for field in ("resourceVersion", "creationTimestamp", "generation", "deletionTimestamp", "managedFields"):
            metadata.pop(field, None)
        if target.kind.has_status:
            new.pop("status", None)
        asked = copy_tree(new)
        metadata["uid"] = new_uid()
        refuse_incomplete(target.kind, write.schema, new)
        fill_in(new, None)
        validate(target.kind, new, None)
        # As on a cluster: whoever creates owns the server's defaults too, whoever applies only what it applied.
        owned = new if operation == "Update" else asked
        owners = field_owners.after_update(write.schema, None, owned, self._writer(write, operation))
        metadata["managedFields"] = field_owners.written(owners)
        if not write.options.dry_run:
            return Written(self._store.create(new, uid=metadata["uid"]), True, write.warnings)
        if self._store.find(target.kind.kind, target.namespace, metadata["name"]) is not None:
            raise AlreadyExistsError(f'{target.kind.resource} "{metadata["name"]}" already exists')
        metadata |= {"creationTimestamp": timestamp(self._store.clock), "generation": 1}
        return Written(new, True, write.warnings)

    def _change(self, write: _Write, old: KubeObject) -> Written:
        new = incoming.replaced_part(write.target, write.object, old)
        refuse_incomplete(write.target.kind, write.schema, new)
        fill_in(new, old)
        metadata = new["metadata"]
        if metadata.get("managedFields") == [{}]:  # The way to say: forget who owns what.
            metadata["managedFields"] = []
        else:
            if not metadata.get("managedFields"):
                metadata["managedFields"] = old["metadata"].get("managedFields", [])
            owners = field_owners.after_update(write.schema, old, new, self._writer(write, "Update"))
            metadata["managedFields"] = field_owners.written(owners)
        return self._finish(write, new, old)

    def _finish(self, write: _Write, new: KubeObject, old: KubeObject) -> Written:
        if write.target.subresource != "status":
            validate(write.target.kind, new, old)
        self._refuse_stale(write.target, old, new["metadata"].get("resourceVersion"))
        uid = new["metadata"].get("uid")
        if uid and uid != old["metadata"]["uid"]:
            raise ConflictError(
                f'Operation cannot be fulfilled on {write.target.kind.resource} "{write.target.name}": '
                f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
            )
        if write.options.dry_run:
            return Written(new, False, write.warnings)
        return Written(self._store.update(new), False, write.warnings)

    def _refuse_stale(self, target: Target, old: KubeObject, version: str | None) -> None:
        current = old["metadata"]["resourceVersion"]
        if version and version != current:
            raise ConflictError(
                f'Operation cannot be fulfilled on {target.kind.resource} "{target.name}": the object has been '
                "modified; please apply your changes to the latest version and try again "
                f"(resourceVersion {version} was sent, {current} is current)"
            )

    def _writer(self, write: _Write, operation: str) -> FieldOwner:
        target, now = write.target, timestamp(self._store.clock)
        name = write.options.manager
        return FieldOwner(name, operation, target.subresource, target.api_version, now, frozenset())
