"""The Kubernetes REST API in plain dicts: a request a method, and every answer that is no success as our own error."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from lockgate.cluster.kinds import Kind, kind_of
from lockgate.cluster.ownership import MANAGER, as_applied, owners_in
from lockgate.domain.errors import ConflictError, InvalidError, PermanentError, TransientError
from lockgate.domain.manifest import Manifest, Ref, ref_of

_DEADLINE = 15.0  # seconds for one request, all in all
_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_JSON_PATCH = "application/json-patch+json"


class StaleError(ConflictError):
    """The object has changed since it was read, or is there or gone although it was not: read again."""


class OwnedError(ConflictError):
    """Fields that are applied belong to other field managers, *owners*, with other values."""

    def __init__(self, message: str, owners: tuple[str, ...]) -> None:
        self.owners = owners
        super().__init__(message)


class GoneError(PermanentError):
    """There is no such object (or no such namespace)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list is narrowed to: labels that must be equal, and a field selector in Kubernetes' own words."""

    labels: Mapping[str, str]
    fields: str = ""


class Rest:
    """*http* carries the API's address, its certificate authority and the credentials."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def get(self, ref: Ref) -> dict[str, Any]:
        """Raises GoneError."""
        return await self._send("GET", ref, _path(kind_of(ref.kind), ref.namespace, ref.name))

    async def list(self, kind: str, namespace: str, selection: Selection) -> tuple[dict[str, Any], ...]:
        query = {"labelSelector": ",".join(f"{name}={value}" for name, value in selection.labels.items())}
        if selection.fields:
            query["fieldSelector"] = selection.fields
        served = kind_of(kind)
        answer = await self._send("GET", Ref(kind, namespace, "*"), _path(served, namespace, ""), query)
        api_version = f"{served.group}/{served.version}".lstrip("/")
        return tuple({"apiVersion": api_version, "kind": kind, **item} for item in answer.get("items") or ())

    async def log(self, pod: Ref, lines: int, *, previous: bool) -> str:
        """The last *lines* of its container (of the one before, if *previous*); empty where there are none."""
        query = {"tailLines": str(lines), **({"previous": "true"} if previous else {})}
        path = f"{_path(kind_of(pod.kind), pod.namespace, pod.name)}/log"
        try:
            async with asyncio.timeout(_DEADLINE):
                answer = await self._http.request("GET", path, params=query)
        except (TimeoutError, httpx2.TransportError):
            return ""
        return answer.text if answer.is_success else ""

    async def create(self, manifest: Manifest) -> dict[str, Any]:
        """Unlike an apply it never writes over what is there: StaleError when there is such an object. GoneError when
        the namespace is missing."""
        ref = ref_of(manifest)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        path = _path(kind_of(ref.kind), ref.namespace, "")
        return await self._send("POST", ref, path, query, ("application/json", manifest))

    async def adopt(self, held: Manifest) -> dict[str, Any]:
        """Turn what `create` owns of *held* into what an apply owns, or later applies could neither change nor take
        away a field of it. StaleError when it has changed since it was read.

        As client-go's csaupgrade does: https://pkg.go.dev/k8s.io/client-go/util/csaupgrade.
        """
        ref = ref_of(held)
        path = _path(kind_of(ref.kind), ref.namespace, ref.name)
        return await self._send("PATCH", ref, path, {"fieldManager": MANAGER}, (_JSON_PATCH, as_applied(held)))

    async def apply(self, manifest: Manifest) -> dict[str, Any]:
        """Server-side apply, never forced, unknown fields refused. With metadata.resourceVersion: StaleError when the
        object has another. GoneError when the namespace is missing."""
        ref = ref_of(manifest)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        path = _path(kind_of(ref.kind), ref.namespace, ref.name)
        return await self._send("PATCH", ref, path, query, (_APPLY, manifest))

    async def delete(self, held: Manifest) -> None:
        """Delete the object in the very version *held* that was read; StaleError when it has changed since."""
        ref, metadata = ref_of(held), held["metadata"]
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        }
        path = _path(kind_of(ref.kind), ref.namespace, ref.name)
        await self._send("DELETE", ref, path, content=("application/json", options))

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(
        self,
        method: str,
        ref: Ref,
        path: str,
        query: Mapping[str, str] | None = None,
        content: tuple[str, Manifest | Sequence[Manifest]] | None = None,
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json", **({"Content-Type": content[0]} if content else {})}
        body = json.dumps(content[1]).encode() if content else None
        try:
            async with asyncio.timeout(_DEADLINE):
                answer = await self._http.request(method, path, params=query, headers=headers, content=body)
        except TimeoutError as error:
            raise TransientError(f"{ref}: the Kubernetes API did not answer within {_DEADLINE:g} s") from error
        except httpx2.TransportError as error:
            raise TransientError(f"{ref}: the Kubernetes API is away: {error or type(error).__name__}") from error
        return _accepted(ref, answer)


def _path(kind: Kind, namespace: str, name: str) -> str:
    root = f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"
    inside = f"/namespaces/{quote(namespace)}" if kind.namespaced else ""
    return f"{root}{inside}/{kind.plural}" + (f"/{quote(name)}" if name else "")


def _accepted(ref: Ref, answer: httpx2.Response) -> dict[str, Any]:
    try:
        status = answer.json()
    except ValueError:
        status = None
    if not isinstance(status, dict):
        raise _without_status(ref, answer)
    if answer.is_success:
        return status
    raise _refusal(ref, answer.status_code, status)


def _without_status(ref: Ref, answer: httpx2.Response) -> Exception:
    if answer.status_code == 404:
        kind = kind_of(ref.kind)
        return PermanentError(
            f"{ref}: the cluster does not serve {kind.plural} of {kind.group}/{kind.version}: install them first"
        )
    text = f"{ref}: the Kubernetes API answered {answer.status_code}: {answer.text[:200]!r}"
    return TransientError(text) if answer.status_code >= 500 else PermanentError(text)


def _refusal(ref: Ref, code: int, status: Mapping[str, Any]) -> Exception:
    message = f"{ref}: {status.get('message') or status.get('reason') or code}"
    causes = (status.get("details") or {}).get("causes") or ()
    if code == 404:
        return GoneError(message)
    if code == 409:
        owners = [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]
        return _owned(ref, owners) if owners else StaleError(message)
    if code in (400, 413, 415, 422):
        return InvalidError(message)
    leaving = code == 403 and any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
    if code == 429 or code >= 500 or leaving:
        return TransientError(message)
    return PermanentError(message)


def _owned(ref: Ref, causes: list[Mapping[str, Any]]) -> OwnedError:
    fields = "; ".join(f"{cause.get('field')}: {cause.get('message')}" for cause in causes)
    return OwnedError(f"{ref}: somebody else owns what Lockgate sets: {fields}", owners_in(causes))
