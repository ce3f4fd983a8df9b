"""From the bytes of a request to an object of its kind: unknown fields and wrong types are found, with their path."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from pocketkube.api.schemas import Schema
from pocketkube.objects.errors import StoreError

FieldValidation = Literal["Ignore", "Warn", "Strict"]


class BadRequestError(StoreError):
    code = 400
    reason = "BadRequest"


@dataclass(slots=True)
class Findings:
    """What is wrong with a value: `unknown` may be pruned, `wrong` may not be ignored."""

    unknown: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


def parse_body(body: bytes, content_type: str) -> tuple[dict[str, Any], list[str]]:
    """The object that JSON or YAML text holds, and the names of fields that are in it twice. BadRequestError."""
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                twice.append(f'duplicate field "{name}"')
            found[name] = value
        return found

    try:
        text = body.decode("utf-8")
        try:
            tree = json.loads(text, object_pairs_hook=unique)
        except ValueError:
            if "yaml" not in content_type:
                raise
            tree = yaml.load(text, _PlainLoader)  # noqa: S506  # A SafeLoader that leaves dates as text.
    except (ValueError, yaml.YAMLError) as error:
        raise BadRequestError(f"the body of the request cannot be read: {error}") from None
    if not isinstance(tree, dict):
        raise BadRequestError(f"the body of the request must be an object, not {_called(tree)}")
    return tree, twice


def decode(schema: Schema, tree: Mapping[str, Any]) -> tuple[dict[str, Any], Findings]:
    """The tree without nulls and unknown fields, and what was found."""
    findings = Findings()
    decoded = _decode(schema, tree, "", findings)
    return (decoded if isinstance(decoded, dict) else {}), findings


class _PlainLoader(yaml.SafeLoader):
    """Dates and times stay text, as in JSON."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "int-or-string": ((int, str), "an integer or a string"),
    "quantity": ((int, float, str), 'a quantity such as "500m" or "1Gi"'),
}


def _decode(schema: Schema, value: Any, path: str, findings: Findings) -> Any:
    match schema.shape:
        case "struct" | "map":
            return _decode_fields(schema, value, path, findings)
        case "list":
            if not isinstance(value, list):
                findings.wrong.append((path, f"expected a list, got {_called(value)}"))
                return []
            return [_decode(schema.items, item, f"{path}[{n}]", findings) for n, item in enumerate(value)]
        case "any":
            return value
        case shape:
            _check_scalar(schema, shape, value, path, findings)
            return value


def _decode_fields(schema: Schema, value: Any, path: str, findings: Findings) -> dict[str, Any]:
    if not isinstance(value, dict):
        findings.wrong.append((path, f"expected an object, got {_called(value)}"))
        return {}
    decoded = {}
    for name, child in value.items():
        where = f"{path}.{name}" if path else str(name)
        below = schema.field(name) if isinstance(name, str) else None
        if below is None:
            findings.unknown.append(f'unknown field "{where}"')
        elif child is not None:
            decoded[name] = _decode(below, child, where, findings)
    return decoded


def _check_scalar(schema: Schema, shape: str, value: Any, path: str, findings: Findings) -> None:
    types, name = _SCALARS[shape]
    if not isinstance(value, types) or (isinstance(value, bool) and shape != "boolean"):
        findings.wrong.append((path, f"expected {name}, got {_called(value)}"))
        return
    node = schema.node
    allowed = node.get("enum")
    if allowed and value not in allowed:
        findings.wrong.append((path, f"{value!r} is not one of {', '.join(map(str, allowed))}"))
    if "pattern" in node and not re.search(str(node["pattern"]), str(value)):
        findings.wrong.append((path, f"{value!r} does not look right; it must match {node['pattern']}"))
    if "minimum" in node and value < node["minimum"]:
        findings.wrong.append((path, f"{value} is less than {node['minimum']}"))
    if "maximum" in node and value > node["maximum"]:
        findings.wrong.append((path, f"{value} is more than {node['maximum']}"))


def _called(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return f"the string {json.dumps(value)}"
    return f"the number {value}"
