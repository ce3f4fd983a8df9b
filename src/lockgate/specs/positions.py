"""YAML and JSON as a tree in which every value knows its line and its path in the file."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.file_size import check_file_size

Scalar = str | int | float | bool | None

_DEEPEST = 64
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Spot:
    """A value where it stands. *line* counts from 1; *path* is such as `stages[0].name`, empty for the whole file."""

    value: "Scalar | list[Spot] | dict[str, Spot]"
    line: int
    path: str


def read_yaml(file: str, text: str) -> Spot:
    """One YAML document. Raises SpecError: syntax, duplicate keys, aliases, tags that are no plain data."""
    return _read(file, text, _compose)


def read_json(file: str, text: str) -> Spot:
    """One JSON document. Raises SpecError: syntax, duplicate keys, NaN and Infinity, which are no JSON."""
    return _read(file, text, _decode)


def plain(spot: Spot) -> object:
    """The value without its places."""
    match spot.value:
        case dict() as fields:
            return {name: plain(field) for name, field in fields.items()}
        case list() as items:
            return [plain(item) for item in items]
        case scalar:
            return scalar


def _read(file: str, text: str, reader: Callable[[str, str, list[Fault]], Spot]) -> Spot:
    check_file_size(file, text)
    faults: list[Fault] = []
    try:
        spot = reader(file, text.removeprefix("\ufeff"), faults)
    except RecursionError:
        raise SpecError([Fault(file, 0, "", "the file is nested too deeply")]) from None
    if faults:
        raise SpecError(faults)
    return spot


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# --- YAML -----------------------------------------------------------------------------------------------------------


def _compose(file: str, text: str, faults: list[Fault]) -> Spot:
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise SpecError([Fault(file, line, "", f"this is not YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise SpecError([Fault(file, 0, "", f"this is not YAML: {' '.join(str(error).split())}")]) from error
    if node is None:
        return Spot(None, 1, "")
    return _YamlTree(file, faults).spot(node, "", 0)


class _YamlTree:
    def __init__(self, file: str, faults: list[Fault]) -> None:
        self._file, self._faults, self._seen = file, faults, set[int]()

    def spot(self, node: yaml.Node, path: str, depth: int) -> Spot:
        line = node.start_mark.line + 1
        if id(node) in self._seen:  # an alias; refused, since a few lines of them can grow to gigabytes
            return self._refused(line, path, "aliases (*name) are not supported: write the value out")
        self._seen.add(id(node))
        if depth > _DEEPEST:
            return self._refused(line, path, f"nested more than {_DEEPEST} levels deep")
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return Spot(self._fields(node, path, depth), line, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            items = [self.spot(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(node.value)]
            return Spot(items, line, path)
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALAR_TAGS:
            return Spot(_scalar(node), line, path)
        return self._refused(line, path, f"the tag {node.tag!r} is not supported: write plain data")

    def _fields(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Spot]:
        fields: dict[str, Spot] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._faults.append(Fault(self._file, line, path, "a key must be a name"))
                continue
            if key.value in fields:
                first = fields[key.value].line
                self._faults.append(_twice(self._file, line, _below(path, key.value), first))
                continue
            fields[key.value] = self.spot(value, _below(path, key.value), depth + 1)
        return fields

    def _refused(self, line: int, path: str, message: str) -> Spot:
        self._faults.append(Fault(self._file, line, path, message))
        return Spot(None, line, path)


_SCALAR_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
)


def _scalar(node: yaml.ScalarNode) -> Scalar:
    """YAML 1.2's plain values only: `on`, `010`, `1:30` and dates stay the text that was written."""
    text: str = node.value
    if node.style is not None or node.tag.endswith(":str"):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) and "." in text else text


# --- JSON -----------------------------------------------------------------------------------------------------------


def _decode(file: str, text: str, faults: list[Fault]) -> Spot:
    def no_json(constant: str) -> float:
        raise ValueError(f"{constant} is not JSON")

    try:
        json.loads(text, parse_constant=no_json)
    except json.JSONDecodeError as error:
        message = f"this is not JSON: {error.msg} at column {error.colno}"
        raise SpecError([Fault(file, error.lineno, "", message)]) from error
    except ValueError as error:
        raise SpecError([Fault(file, 0, "", f"this is not JSON: {error}")]) from error
    return _JsonTree(file, text, faults).document()


class _JsonTree:
    """Walks a text that is known to be JSON."""

    _BLANK = re.compile(r"[ \t\r\n,:]*")
    _NEWLINE = re.compile("\n")

    def __init__(self, file: str, text: str, faults: list[Fault]) -> None:
        self._file, self._text, self._faults, self._at = file, text, faults, 0
        self._decoder = json.JSONDecoder()
        self._line, self._counted = 1, 0

    def document(self) -> Spot:
        return self._spot("", 0)

    def _spot(self, path: str, depth: int) -> Spot:
        start = self._next()
        line = self._line_here()
        if depth > _DEEPEST:
            raise SpecError([Fault(self._file, line, path, f"nested more than {_DEEPEST} levels deep")])
        if start == "{":
            return Spot(self._fields(path, depth), line, path)
        if start == "[":
            return Spot(list(self._items(path, depth)), line, path)
        return Spot(self._value(), line, path)

    def _fields(self, path: str, depth: int) -> dict[str, Spot]:
        fields: dict[str, Spot] = {}
        self._at += 1
        while self._next() != "}":
            line = self._line_here()
            name = str(self._value())
            spot = self._spot(_below(path, name), depth + 1)
            if name in fields:
                self._faults.append(_twice(self._file, line, _below(path, name), fields[name].line))
            else:
                fields[name] = spot
        self._at += 1
        return fields

    def _items(self, path: str, depth: int) -> Iterator[Spot]:
        self._at += 1
        index = 0
        while self._next() != "]":
            yield self._spot(f"{path}[{index}]", depth + 1)
            index += 1
        self._at += 1

    def _value(self) -> Scalar:
        value: Scalar
        value, self._at = self._decoder.raw_decode(self._text, self._at)
        return value

    def _next(self) -> str:
        """The first character of what comes next. Commas and colons are where they belong: this is JSON."""
        blank = self._BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        return self._text[self._at]

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _twice(file: str, line: int, path: str, first: int) -> Fault:
    return Fault(file, line, path, f"stands twice: it is in line {first} already")
