"""What each method means for each place: collections, objects and their parts."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pocketkube.api import podlogs, removal, scaling, tables, watching
from pocketkube.api.answers import as_json
from pocketkube.api.cells import ColumnStyle
from pocketkube.api.decoding import BadRequestError, FieldValidation, parse_body
from pocketkube.api.incoming import Patch
from pocketkube.api.protobuf import MEDIA_TYPE, decode_protobuf
from pocketkube.api.reads import Page, presented, read_page
from pocketkube.api.tables import Rendering
from pocketkube.api.targets import Target
from pocketkube.api.writes import WriteOptions, Writes, Written
from pocketkube.objects.errors import StoreError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


class MethodNotAllowedError(StoreError):
    code = 405
    reason = "MethodNotAllowed"


class Endpoints:
    """Answers requests about objects; refusals are raised."""

    def __init__(self, store: ObjectStore, pods: Path, columns: ColumnStyle, closing: asyncio.Event) -> None:
        self._store = store
        self._writes = Writes(store)
        self._pods = pods
        self._columns: ColumnStyle = columns
        self._closing = closing

    async def answer(self, request: Request, target: Target) -> Response:
        """MethodNotAllowedError where the method means nothing; else whatever the action refuses."""
        match request.method, target.name is not None, target.subresource:
            case "GET", False, "":
                return self._list_or_watch(request, target)
            case "GET", True, "" | "status":
                return self._get(request, target)
            case "GET", True, "log":
                return self._log(request, target)
            case "GET", True, "scale":
                return as_json(scaling.scale_of(self._current(target)))
            case "DELETE", _, "":
                return await self._delete(request, target)
            case ("POST", False, "") | ("PUT" | "PATCH", True, "" | "status" | "scale"):
                return await self._write(request, target)
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")

    def _list_or_watch(self, request: Request, target: Target) -> Response:
        query = request.query_params
        if query.get("watch") in ("true", "1"):
            return self._watch(request, target)
        page = read_page(self._store, target, query)
        return as_json(self._shown_page(request, target, page))

    def _watch(self, request: Request, target: Target) -> Response:
        rendering = self._rendering(request)

        def render(obj: KubeObject) -> dict[str, Any]:
            # A bookmark is no row: it has no spec to be shown.
            objects = [obj] if "uid" in obj["metadata"] else []
            version = obj["metadata"]["resourceVersion"]
            return self._shown(target, obj, objects, rendering, version)

        lines = watching.watch(self._store, target, request.query_params, render, self._closing)
        return StreamingResponse(lines, media_type="application/json")

    def _get(self, request: Request, target: Target) -> Response:
        if request.query_params.get("watch") in ("true", "1"):
            return self._watch(request, target)
        obj = presented(target, self._current(target))
        version = obj["metadata"]["resourceVersion"]
        return as_json(self._shown(target, obj, [obj], self._rendering(request), version))

    def _log(self, request: Request, target: Target) -> Response:
        pod = self._current(target)
        options = podlogs.LogOptions.parse(request.query_params, pod)
        log = podlogs.open_log(self._pods, pod, options)
        uid = pod["metadata"]["uid"]

        def still_there() -> KubeObject | None:
            found = self._store.find("Pod", target.namespace, target.only_name)
            is_same = found is not None and found["metadata"]["uid"] == uid
            return found if is_same and not self._closing.is_set() else None

        return StreamingResponse(podlogs.stream(log, options, still_there), media_type="text/plain")

    async def _delete(self, request: Request, target: Target) -> Response:
        asked = request_tree(await request.body(), media_type_of(request))
        options = removal.DeleteOptions.parse(asked, request.query_params)
        if target.name is not None:
            return as_json(removal.delete_one(self._store, target, options))
        page = removal.delete_all(self._store, target, request.query_params, options)
        return as_json(self._shown_page(request, target, page))

    async def _write(self, request: Request, target: Target) -> Response:
        options = write_options(request.query_params, request.headers.get("user-agent", ""))
        media_type = media_type_of(request)
        body, warnings = _body(await request.body(), media_type, options)
        if target.subresource == "scale":
            scale = scaling.scale_of(self._current(target))
            wanted = scaling.patched_scale(scale, Patch(media_type, body)) if request.method == "PATCH" else body
            return as_json(scaling.write_scale(self._writes, target, wanted, options))
        match request.method:
            case "POST":
                written = self._writes.create(target, body, options)
            case "PUT":
                written = self._writes.replace(target, body, options)
            case _:
                written = self._writes.patch(target, Patch(media_type, body), options)
        return self._written(request, target, written, warnings)

    def _written(self, request: Request, target: Target, written: Written, warnings: tuple[str, ...]) -> Response:
        obj = presented(target, written.object)
        version = obj["metadata"].get("resourceVersion", "")
        body = self._shown(target, obj, [obj], self._rendering(request), version)
        return as_json(body, 201 if written.created else 200, warnings + written.warnings)

    def _current(self, target: Target) -> KubeObject:
        return self._store.get(target.kind.kind, target.namespace, target.only_name)

    def _rendering(self, request: Request) -> Rendering:
        form, version = tables.wanted_form(request.headers.get("accept", ""))
        include = request.query_params.get("includeObject", "Metadata")
        return Rendering(form, include, self._columns, version)

    def _shown(
        self, target: Target, obj: KubeObject, rows: list[KubeObject], rendering: Rendering, version: str
    ) -> dict[str, Any]:
        match rendering.form:
            case "Table":
                now = self._store.clock.now()
                return tables.table(target.kind.kind, rows, rendering, now, version=version)
            case "PartialObjectMetadata":
                return tables.metadata_only(obj, rendering.meta_version)
        return obj

    def _shown_page(self, request: Request, target: Target, page: Page) -> dict[str, Any]:
        rendering = self._rendering(request)
        metadata = page.metadata()
        match rendering.form:
            case "Table":
                now = self._store.clock.now()
                shown = tables.table(target.kind.kind, page.objects, rendering, now, version=page.version)
                return {**shown, "metadata": metadata}
            case "PartialObjectMetadata":
                items = [tables.metadata_only(obj, rendering.meta_version) for obj in page.objects]
                kind, version = "PartialObjectMetadataList", rendering.meta_version
                return {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}
        kind = f"{target.kind.kind}List"
        return {"kind": kind, "apiVersion": target.api_version, "metadata": metadata, "items": page.objects}


def write_options(query: Mapping[str, str], user_agent: str) -> WriteOptions:
    """Who writes, and how: unknown fields are refused unless the client asks for less. BadRequestError."""
    dry_run, checking = query.get("dryRun", ""), query.get("fieldValidation") or "Strict"
    if dry_run not in ("", "All"):
        raise BadRequestError(f"dryRun {dry_run!r} is not one of: All")
    known: tuple[FieldValidation, ...] = get_args(FieldValidation)
    validation = next((name for name in known if name == checking), None)
    if validation is None:
        raise BadRequestError(f"fieldValidation {checking!r} is not one of: {', '.join(known)}")
    manager = query.get("fieldManager") or user_agent.partition("/")[0] or "unknown"
    force = query.get("force") in ("true", "1")
    return WriteOptions(manager[:128], dry_run == "All", force, validation)


def media_type_of(request: Request) -> str:
    """What the body is, without parameters; "" when nothing is said."""
    return request.headers.get("content-type", "").partition(";")[0].strip()


def request_tree(raw: bytes, media_type: str) -> dict[str, Any]:
    """The object in a body that may be empty, in any form that is understood here."""
    if not raw.strip():
        return {}
    return decode_protobuf(raw) if media_type == MEDIA_TYPE else parse_body(raw, media_type)[0]


def _body(raw: bytes, media_type: str, options: WriteOptions) -> tuple[Any, tuple[str, ...]]:
    """The body's tree, and warnings about fields that it names twice."""
    if media_type == "application/json-patch+json":
        try:
            return json.loads(raw), ()
        except ValueError as error:
            raise BadRequestError(f"the JSON patch cannot be read: {error}") from None
    if media_type == MEDIA_TYPE:
        return decode_protobuf(raw), ()
    tree, twice = parse_body(raw, media_type)
    if twice and options.field_validation == "Strict":
        raise BadRequestError(f"strict decoding error: {', '.join(twice)}")
    return tree, tuple(twice) if options.field_validation == "Warn" else ()
