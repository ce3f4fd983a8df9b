"""Requests in Kubernetes' protobuf form, which kubectl's typed commands send since 1.36: read into JSON trees.

The envelope: "k8s" and a zero byte, then runtime.Unknown {1: TypeMeta{1: apiVersion, 2: kind}, 2: the message}.
"""

import base64
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, TypeAlias

import yaml

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.incoming import UnsupportedMediaTypeError
from pocketkube.api.schemas import Schema, all_definitions

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Wire: TypeAlias = int | bytes


def decode_protobuf(body: bytes) -> dict[str, Any]:
    """The object in a request's body; UnsupportedMediaTypeError for what is only understood as JSON here."""
    if not body.startswith(_MAGIC):
        raise BadRequestError("the body is not Kubernetes' protobuf: it does not begin with its mark")
    envelope = dict(_fields(body[len(_MAGIC) :]))
    names = {number: bytes(_as_bytes(text)).decode() for number, text in _fields(_as_bytes(envelope.get(1, b"")))}
    api_version, kind = names.get(1, ""), names.get(2, "")
    name = _definition(api_version, kind)
    if name is None:
        raise UnsupportedMediaTypeError(f"{kind!r} of {api_version!r} is understood as application/json only")
    tree = _message(name, _as_bytes(envelope.get(2, b"")))
    return {**tree, "apiVersion": api_version, "kind": kind}


def _definition(api_version: str, kind: str) -> str | None:
    group, _, version = api_version.rpartition("/")
    name = f"io.k8s.api.{group.removesuffix('.k8s.io') or 'core'}.{version}.{kind}"
    if kind == "DeleteOptions":
        name = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
    return name if name in _numbers() else None


@cache
def _numbers() -> Mapping[str, Mapping[int, str]]:
    text = (resources.files("pocketkube.api") / "wire.yaml").read_text(encoding="utf-8")
    numbers: dict[str, dict[int, str]] = yaml.safe_load(text)
    return numbers


def _message(name: str, raw: bytes) -> dict[str, Any]:
    definitions = all_definitions()
    schema, numbers = Schema(definitions[name], definitions), _numbers()[name]
    tree: dict[str, Any] = {}
    for number, wire in _fields(raw):
        marked = numbers.get(number)
        if marked is None:
            if _is_blank(wire):
                continue
            short = name.rpartition(".")[2]
            raise UnsupportedMediaTypeError(f"field {number} of {short} is understood as application/json only")
        field = marked.removesuffix("+")
        below = schema.field(field)
        if below is None:
            raise LookupError(f"wire.yaml: {name} has no field {field}")
        _put(tree, field, below, wire, keeps_zero=marked.endswith("+"))
    return tree


def _put(tree: dict[str, Any], field: str, schema: Schema, wire: Wire, *, keeps_zero: bool) -> None:
    match schema.shape:
        case "list":
            tree.setdefault(field, []).append(_value(schema.items, wire))
        case "map":
            entry = dict(_fields(_as_bytes(wire)))
            values = schema.field("")
            key = _as_bytes(entry.get(1, b"")).decode()
            tree.setdefault(field, {})[key] = _value(values, entry.get(2, b"")) if values else None
        case _:
            value = _value(schema, wire)
            if keeps_zero or value not in ("", 0, False, None, {}):
                tree[field] = value


def _value(schema: Schema, wire: Wire) -> Any:
    match schema.shape:
        case "struct":
            return _message(_name_of(schema), _as_bytes(wire))
        case "integer":
            return _signed(wire)
        case "boolean":
            return bool(wire)
        case "int-or-string":
            parts = dict(_fields(_as_bytes(wire)))
            return _as_bytes(parts.get(3, b"")).decode() if parts.get(1) else _signed(parts.get(2, 0))
        case "quantity":
            return _as_bytes(dict(_fields(_as_bytes(wire))).get(1, b"")).decode()
    if schema.node.get("format") == "byte":
        return base64.b64encode(_as_bytes(wire)).decode()
    if schema.node.get("format") == "date-time":
        return None  # Times are the server's to say.
    return _as_bytes(wire).decode()


def _name_of(schema: Schema) -> str:
    """The definition whose numbers are known and that is this very struct."""
    for name in _numbers():
        if all_definitions()[name]["properties"] is schema.node["properties"]:
            return name
    raise UnsupportedMediaTypeError("a part of the message is understood as application/json only")


def _fields(raw: bytes) -> Iterator[tuple[int, Wire]]:
    position = 0
    while position < len(raw):
        tag, position = _varint(raw, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(raw, position)
            yield number, value
            continue
        if kind == _BYTES:
            length, position = _varint(raw, position)
        else:
            length = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if length < 0 or position + length > len(raw):
            raise BadRequestError("the protobuf message in the body is broken")
        yield number, raw[position : position + length]
        position += length


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(raw) and shift < 64:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
    raise BadRequestError("the protobuf message in the body is broken")


def _signed(wire: Wire) -> int:
    value = int(wire) if isinstance(wire, int) else 0
    return value - (1 << 64) if value >= 1 << 63 else value


def _as_bytes(wire: Wire) -> bytes:
    if isinstance(wire, int):
        raise BadRequestError("the protobuf message in the body is broken")
    return wire


def _is_blank(wire: Wire) -> bool:
    """Whether it says nothing: a zero, an empty text, or a message of nothing but such."""
    if isinstance(wire, int):
        return wire == 0
    try:
        return all(_is_blank(below) for _, below in _fields(wire))
    except BadRequestError:
        return False
