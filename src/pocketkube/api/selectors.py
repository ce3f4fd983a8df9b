"""Label selectors, by equality and by set, and field selectors."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from pocketkube.api.decoding import BadRequestError
from pocketkube.objects.kinds import KubeObject

Test: TypeAlias = Callable[[KubeObject], bool]

_SET = re.compile(r"^(?P<key>[^\s!=()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=()]+)\s*(?P<op>==|=|!=)\s*(?P<value>[^\s!=()]*)$")
_EXISTS = re.compile(r"^(?P<no>!?)\s*(?P<key>[^\s!=()]+)$")


def label_test(text: str) -> Test:
    """For `a=b,c!=d,e in (f,g),h notin (i),j,!k`. BadRequestError names the part that is none of these."""
    parts = [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    tests = [_label_requirement(part) for part in parts]
    return lambda obj: all(test(obj["metadata"].get("labels") or {}) for test in tests)


def field_test(text: str) -> Test:
    """For `metadata.name=x,status.phase!=Running`: any path of plain fields. BadRequestError."""
    tests: list[Test] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _EQUAL.match(part)
        if not found:
            raise BadRequestError(f"field selector {part!r}: write path=value or path!=value")
        tests.append(_field_requirement(**found.groupdict()))
    return lambda obj: all(test(obj) for test in tests)


def selector_test(selector: dict[str, Any] | None) -> Test:
    """For a metav1.LabelSelector: matchLabels and matchExpressions."""
    parts = [f"{key}={value}" for key, value in ((selector or {}).get("matchLabels") or {}).items()]
    return label_test(",".join(parts + [_expression(each) for each in (selector or {}).get("matchExpressions") or []]))


def selector_text(selector: dict[str, Any] | None) -> str:
    """For people and for the scale subresource: "a=b,c in (d,e)"; "<none>" when it selects by nothing."""
    labels = (selector or {}).get("matchLabels") or {}
    parts = [f"{key}={labels[key]}" for key in sorted(labels)]
    parts += [_expression(each) for each in (selector or {}).get("matchExpressions") or []]
    return ",".join(parts) or "<none>"


def _expression(expression: dict[str, Any]) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or [])
    match expression["operator"]:
        case "Exists":
            return str(key)
        case "DoesNotExist":
            return f"!{key}"
        case operator:
            return f"{key} {operator.lower()} ({values})"


def _label_requirement(part: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.match(part):
        key, values = found["key"], {value.strip() for value in found["values"].split(",")}
        if found["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(part):
        key, value = found["key"], found["value"]
        if found["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(part):
        key, absent = found["key"], bool(found["no"])
        return lambda labels: (key in labels) is not absent
    raise BadRequestError(f"label selector {part!r}: write key=value, key!=value, key in (a,b), key or !key")


def _field_requirement(key: str, op: str, value: str) -> Test:
    steps = key.split(".")

    def matches(obj: KubeObject) -> bool:
        found: Any = obj
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        text = "" if found is None else str(found)
        return (text == value) is not (op == "!=")

    return matches
