"""YAML as plain values, with the line of everything, so that a fault can say where it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.file_size import check_file_size

Path = tuple[str | int, ...]

# A file within the size limit of a push can still unfold to gigabytes through aliases of aliases.
_MOST_VALUES = 20_000


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document. *lines*: path → line, from 1; *texts*: path of a scalar → how it is written in the file."""

    file: str
    value: Any
    lines: Mapping[Path, int]
    texts: Mapping[Path, str]

    def fault(self, path: Path, message: str) -> Fault:
        """At the line of *path*, or of the nearest part of it that the file has."""
        near = path
        while near and near not in self.lines:
            near = near[:-1]
        return Fault(file=self.file, line=self.lines.get(near, 1), field=dotted(path), message=message)


def dotted(path: Path) -> str:
    """`spec.ports[0].name`, the form of the Kubernetes API's own messages."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_documents(file: str, text: str) -> tuple[Document, ...]:
    """The documents of *text* that are not empty. Raises SpecError for what is not YAML, a key given twice, an alias
    that contains itself, a file that is too large."""
    check_file_size(file, text)
    loader = _Loader(text)
    documents = []
    try:
        while loader.check_node() and (root := loader.get_node()) is not None:
            reading = _Reading(file, loader)
            value = reading.value(root, ())
            if reading.faults:
                raise SpecError(reading.faults)
            if value is not None:
                documents.append(Document(file, value, reading.lines, reading.texts))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise SpecError([Fault(file, line, "", f"is not YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise SpecError([Fault(file, 0, "", f"is not YAML: {error}")]) from error
    except RecursionError:
        raise SpecError([Fault(file, 0, "", "is nested too deeply")]) from None
    finally:
        loader.dispose()
    return tuple(documents)


class _Loader(yaml.SafeLoader):
    """Without YAML 1.1's dates: a date is text, as for kubectl."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reading:
    def __init__(self, file: str, loader: _Loader) -> None:
        self.lines: dict[Path, int] = {}
        self.texts: dict[Path, str] = {}
        self.faults: list[Fault] = []
        self._file = file
        self._loader = loader
        self._open: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._count += 1
        if id(node) in self._open or self._count > _MOST_VALUES:
            raise SpecError([Fault(self._file, line, dotted(path), "aliases make it endless or far too large")])
        self._open.add(id(node))
        try:
            return self._inner(node, path)
        finally:
            self._open.discard(id(node))

    def _inner(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        self.texts[path] = node.value
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        try:
            value = self._loader.construct_object(node, deep=True)
        except ValueError as error:
            self._refuse(node, path, f"{node.value!r}: {error}")
            return None
        if isinstance(value, int | float) and ":" in node.value:
            return node.value  # YAML 1.1 reads 12:30 as a number to the base of 60; nobody means that
        if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
            self._refuse(node, path, f"{node.value!r} has no place in JSON, which is what Kubernetes gets")
        return value

    def _refuse(self, node: yaml.Node, path: Path, message: str) -> None:
        self.faults.append(Fault(self._file, node.start_mark.line + 1, dotted(path), message))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        self._loader.flatten_mapping(node)
        result: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, path, "a key must be text")
                continue
            name = key.value
            if name in result and keys.count(name) > 1:
                self._refuse(key, (*path, name), "is given twice")
            self.lines[(*path, name)] = key.start_mark.line + 1
            result[name] = self.value(child, (*path, name))
        return result
