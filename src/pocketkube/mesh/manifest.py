"""Strict reading of manifests: each complaint names the field, and no field is passed over in silence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s|us))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


class RefusedError(Exception):
    """This object cannot be served as it is written; `reason` is a condition's one-word reason."""

    def __init__(self, message: str, reason: str = "NotImplemented") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object and where in its manifest it stands."""

    path: str
    fields: Mapping[str, Any]

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def only(self, *known: str) -> None:
        """Refuses a field that is not implemented here; an empty one says nothing and is let through."""
        for name, value in self.fields.items():
            if name not in known and value not in (None, [], {}, ""):
                raise RefusedError(
                    f"{self.at(name)} is not implemented by pocketkube; implemented there: {', '.join(sorted(known))}"
                )

    def text(self, name: str) -> str | None:
        value: str | None = self._typed(name, str, "a text")
        return value

    def whole(self, name: str) -> int | None:
        value: int | None = self._typed(name, int, "a whole number")
        if isinstance(value, bool):
            raise RefusedError(f"{self.at(name)} is {value}, not a whole number", "Invalid")
        return value

    def flag(self, name: str) -> bool:
        return bool(self._typed(name, bool, "true or false"))

    def child(self, name: str) -> "Node | None":
        value = self._typed(name, dict, "an object")
        return None if value is None else Node(self.at(name), value)

    def children(self, name: str) -> list["Node"]:
        nodes = []
        for position, value in enumerate(self._typed(name, list, "a list") or []):
            if not isinstance(value, dict):
                raise RefusedError(f"{self.at(name)}[{position}] is {value!r}, not an object", "Invalid")
            nodes.append(Node(f"{self.at(name)}[{position}]", value))
        return nodes

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._typed(name, list, "a list") or []
        if not all(isinstance(value, str) for value in values):
            raise RefusedError(f"{self.at(name)} is {values!r}, not a list of texts", "Invalid")
        return tuple(values)

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """A map of texts to texts, sorted."""
        values = self._typed(name, dict, "an object") or {}
        if not all(isinstance(value, str) for value in values.values()):
            raise RefusedError(f"{self.at(name)} is {values!r}, not a map of texts", "Invalid")
        return tuple(sorted(values.items()))

    def seconds(self, name: str) -> float | None:
        """A duration in Go's notation (`1.5s`, `500ms`, `1m30s`) in seconds."""
        text = self.text(name)
        if text is None:
            return None
        if _DURATION.fullmatch(text) is None:
            raise RefusedError(f"{self.at(name)} is {text!r}, not a duration such as 1.5s or 500ms", "Invalid")
        return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))

    def _typed(self, name: str, kind: type, called: str) -> Any:
        value = self.fields.get(name)
        if value is not None and not isinstance(value, kind):
            raise RefusedError(f"{self.at(name)} is {value!r}, not {called}", "Invalid")
        return value
