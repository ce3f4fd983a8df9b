"""YAML and JSON as a tree in which every value knows its line and its path in the file."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lockgate.domain.errors import Fault, SpecError
from lockgate.domain.file_size import LARGEST_FILE, check_file_size

Scalar = str | int | float | bool | None

_DEEPEST = 64
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
# libyaml's parser is some twenty times as fast as the one in Python. Its loader is not to be had: deep nesting makes it
# end the process.
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS = {
    yaml.MappingStartEvent: (None, "!", "tag:yaml.org,2002:map"),
    yaml.SequenceStartEvent: (None, "!", "tag:yaml.org,2002:seq"),
    yaml.ScalarEvent: (None, "!", "tag:yaml.org,2002:str"),
}
_NO_CHARACTER = "{!a} is half of a pair of surrogates, and no character: write both, or the character itself"
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Spot:
    """A value where it stands. *line* counts from 1; *path* is such as `stages[0].name`, empty for the whole file."""

    value: "Scalar | list[Spot] | dict[str, Spot]"
    line: int
    path: str


def read_yaml(file: str, text: str, largest: int = LARGEST_FILE) -> Spot:
    """One YAML document of at most *largest* bytes. Raises SpecError: syntax, duplicate keys, aliases, tags that are no
    plain data."""
    return _read(file, text, _compose, largest)


def read_json(file: str, text: str, largest: int = LARGEST_FILE) -> Spot:
    """One JSON document of at most *largest* bytes. Raises SpecError: syntax, duplicate keys, NaN and Infinity, which
    are no JSON."""
    return _read(file, text, _decode, largest)


def plain(spot: Spot) -> object:
    """The value without its places."""
    match spot.value:
        case dict() as fields:
            return {name: plain(field) for name, field in fields.items()}
        case list() as items:
            return [plain(item) for item in items]
        case scalar:
            return scalar


def unplaced(value: Any, path: str = "") -> Spot:
    """What stands in no file: plain data as a tree. Each line is 0."""
    match value:
        case Mapping():
            return Spot({str(name): unplaced(field, _below(path, str(name))) for name, field in value.items()}, 0, path)
        case list() | tuple():
            return Spot([unplaced(item, f"{path}[{index}]") for index, item in enumerate(value)], 0, path)
        case _:
            return Spot(value, 0, path)


def _read(file: str, text: str, reader: Callable[[str, str, list[Fault]], Spot], largest: int) -> Spot:
    check_file_size(file, text, largest)
    faults: list[Fault] = []
    if half := _half(text):
        raise SpecError(
            [Fault(file, text[: half.start].count("\n") + 1, "", _NO_CHARACTER.format(half.object[half.start]))]
        )
    try:
        spot = reader(file, text.removeprefix("\ufeff"), faults)
    except RecursionError:
        raise SpecError([Fault(file, 0, "", "the file is nested too deeply")]) from None
    if faults:
        raise SpecError(faults)
    return spot


def _half(text: str) -> UnicodeEncodeError | None:
    """Where half of a surrogate pair stands: a text with one can neither be stored nor shown."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error
    return None


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


# --- YAML -----------------------------------------------------------------------------------------------------------


def _compose(file: str, text: str, faults: list[Fault]) -> Spot:
    try:
        return _YamlTree(file, yaml.parse(text, Loader=_YAML), faults).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise SpecError([Fault(file, line, "", f"this is not YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise SpecError([Fault(file, 0, "", f"this is not YAML: {' '.join(str(error).split())}")]) from error


class _YamlTree:
    """Reads on only as deep as _DEEPEST: what parses faster than Python does must not be asked for more."""

    def __init__(self, file: str, events: Iterator[Any], faults: list[Fault]) -> None:
        self._file, self._events, self._faults = file, events, faults

    def document(self) -> Spot:
        found: list[Spot] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and found:
                message = "this is not YAML: expected a single document, and here another begins"
                raise SpecError([Fault(self._file, _line(event), "", message)])
            if isinstance(event, yaml.NodeEvent):
                found.append(self._spot(event, "", 0))
        return found[0] if found else Spot(None, 1, "")

    def _spot(self, event: Any, path: str, depth: int) -> Spot:
        line = _line(event)
        if depth > _DEEPEST:
            raise SpecError([Fault(self._file, line, path, f"nested more than {_DEEPEST} levels deep")])
        if isinstance(event, yaml.AliasEvent):  # a few lines of them can grow to gigabytes
            return self._refused(line, path, "aliases (*name) are not supported: write the value out")
        if event.tag not in _TAGS[type(event)]:
            self._skip(event)
            return self._refused(line, path, f"the tag {event.tag!r} is not supported: write plain data")
        if isinstance(event, yaml.MappingStartEvent):
            return Spot(self._fields(path, depth), line, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return Spot(list(self._items(path, depth)), line, path)
        return Spot(_scalar(event), line, path)

    def _fields(self, path: str, depth: int) -> dict[str, Spot]:
        fields: dict[str, Spot] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = _line(key)
            if not isinstance(key, yaml.ScalarEvent):
                self._faults.append(Fault(self._file, line, path, "a key must be a name"))
                self._skip(key)
                self._skip(next(self._events))
                continue
            value = self._spot(next(self._events), _below(path, key.value), depth + 1)
            if key.value in fields:
                self._faults.append(_twice(self._file, line, value.path, fields[key.value].line))
            else:
                fields[key.value] = value
        return fields

    def _items(self, path: str, depth: int) -> Iterator[Spot]:
        index = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._spot(event, f"{path}[{index}]", depth + 1)
            index += 1

    def _skip(self, event: Any) -> None:
        """Past the end of the value that *event* begins."""
        depth = int(isinstance(event, yaml.CollectionStartEvent))
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _refused(self, line: int, path: str, message: str) -> Spot:
        self._faults.append(Fault(self._file, line, path, message))
        return Spot(None, line, path)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    """YAML 1.2's plain values only: `on`, `010`, `1:30` and dates stay the text that was written."""
    text: str = event.value
    if event.style or event.tag is not None:
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
        return Spot(self._value(line, path), line, path)

    def _fields(self, path: str, depth: int) -> dict[str, Spot]:
        fields: dict[str, Spot] = {}
        self._at += 1
        while self._next() != "}":
            line = self._line_here()
            name = str(self._value(line, path))
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

    def _value(self, line: int, path: str) -> Scalar:
        value: Scalar
        value, self._at = self._decoder.raw_decode(self._text, self._at)
        if isinstance(value, str) and (half := _half(value)):
            self._faults.append(Fault(self._file, line, path, _NO_CHARACTER.format(half.object[half.start])))
            return value.encode(errors="replace").decode()  # for the paths of what is found below it
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
