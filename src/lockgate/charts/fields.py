"""Reading the fields of a document one by one: each has a type and a range, and unknown ones are faults."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from lockgate.charts.documents import Document, Path
from lockgate.domain.errors import Fault

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123
URL_PATH = re.compile(r"/[^\s?#]*")


class Section:
    """A mapping in a document. Faults go to one list for the whole document; the reader goes on with the default, so
    that every fault is found at once."""

    def __init__(self, document: Document, path: Path, known: Collection[str], faults: list[Fault]) -> None:
        self._document, self._path, self._faults = document, path, faults
        found = document.value
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        self.given = found is not None
        if found is not None and not isinstance(found, Mapping):
            self.refuse("", f"is {found!r} and must be a mapping with the fields {', '.join(known)}")
        self._fields: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        for name in self._fields:
            if name not in known:
                self.refuse(name, unknown(name, known))

    def section(self, name: str, known: Collection[str]) -> "Section":
        return Section(self._document, (*self._path, name), known, self._faults)

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def refuse(self, name: str, message: str) -> None:
        path = (*self._path, name) if name else self._path
        self._faults.append(self._document.fault(path, message))

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self._fields.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(name, f"is {value!r} and must be a whole number from {low} to {high}")
            return default
        return value

    def text(self, name: str, default: str, pattern: re.Pattern[str], form: str) -> str:
        """*form* says in words what *pattern* asks for."""
        if not self.has(name):
            return default
        value = self.written(name)
        if value is None or not pattern.fullmatch(value):
            self.refuse(name, f"is {self._fields[name]!r} and must be {form}")
            return default
        return value

    def choice(self, name: str, default: str, known: Collection[str]) -> str:
        value = self._fields.get(name)
        if value is None:
            return default
        if value not in known:
            self.refuse(name, f"is {value!r}: known are {', '.join(known)}")
            return default
        return str(value)

    def written(self, name: str) -> str | None:
        """A scalar as the file has it, so that a tag 1.10 stays 1.10; None for a mapping or a list."""
        return self._document.texts.get((*self._path, name))

    def names(self) -> tuple[str, ...]:
        return tuple(self._fields)


def unknown(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"unknown field: {hint}known are {', '.join(known)}"
