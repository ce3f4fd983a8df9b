"""Get and list, with selectors and pages."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.selectors import Test, field_test, label_test
from pocketkube.api.targets import Target
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind are meant: a namespace ("" for all) and both selectors."""

    namespace: str
    labels: Test
    fields: Test

    @classmethod
    def parse(cls, target: Target, query: Mapping[str, str]) -> "Selection":
        """BadRequestError for a selector that cannot be read."""
        fields = query.get("fieldSelector", "")
        if target.name is not None:
            fields = f"metadata.name={target.name}"
        return cls(target.namespace, label_test(query.get("labelSelector", "")), field_test(fields))

    def has(self, obj: KubeObject) -> bool:
        here = not self.namespace or obj["metadata"].get("namespace") == self.namespace
        return here and self.labels(obj) and self.fields(obj)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the selected objects; `more` is the token for the rest, "" at the end."""

    objects: list[KubeObject]
    version: str
    more: str
    left: int

    def metadata(self) -> dict[str, Any]:
        """As ListMeta."""
        found: dict[str, Any] = {"resourceVersion": self.version}
        if self.more:
            found |= {"continue": self.more, "remainingItemCount": self.left}
        return found


def presented(target: Target, obj: KubeObject) -> KubeObject:
    """The object in the version in which it was asked for."""
    return {**obj, "apiVersion": target.api_version, "kind": target.kind.kind}


def read_page(store: ObjectStore, target: Target, query: Mapping[str, str]) -> Page:
    """The objects that the query selects, at most `limit` of them, from `continue` on."""
    selection = Selection.parse(target, query)
    found = [obj for obj in store.list(target.kind.kind, target.namespace or None) if selection.has(obj)]
    after = _decoded(query.get("continue", ""))
    rest = [obj for obj in found if after is None or _place(obj) > after]
    limit = query.get("limit", "0")
    if not limit.isdigit():
        raise BadRequestError(f"limit must be a number of 0 or more, not {limit!r}")
    shown = rest[: int(limit)] if int(limit) else rest
    left = len(rest) - len(shown)
    more = _encoded(_place(shown[-1])) if left else ""
    return Page([presented(target, obj) for obj in shown], str(store.resource_version), more, left)


def _place(obj: KubeObject) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _encoded(place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decoded(token: str) -> tuple[str, str] | None:
    if not token:
        return None
    try:
        namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise BadRequestError("the continue token cannot be read; list again without one") from None
    return str(namespace), str(name)
