"""Placeholders of a query, such as $SERVICE, and what they stand for in one evaluation."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Subject, Window
from lockgate.domain.gate import Query
from lockgate.domain.labels import LABEL_NAME

NAMES = (
    "PROJECT",
    "STAGE",
    "SERVICE",
    "ENVIRONMENT",
    "DEPLOYMENT",
    "COLOUR",
    "RELEASE",
    "VERSION",
    "DURATION_SECONDS",
    "DURATION_MINUTES",
)

_KNOWN = "|".join(sorted(NAMES, key=len, reverse=True))  # longest first: one may be the start of another
# The rest may be underscores, for texts such as $SERVICE_$STAGE; $STAGE_NAME is no placeholder.
_PLACEHOLDER = re.compile(
    rf"\$LABEL\.(?P<label>{LABEL_NAME})|\$(?P<known>{_KNOWN})(?=_*(?![A-Z0-9_]))|\$(?P<unknown>[A-Za-z_]\w*|\{{)"
)
# What stands in a query unquoted must not be able to change what the query asks.
_HARMLESS = re.compile(r"[A-Za-z0-9._-]*")


def values_of(subject: Subject, window: Window) -> Mapping[str, str]:
    """Name without `$` → value. Durations are rounded up and are 1 at least, so that `[$DURATION_MINUTESm]` always
    covers the window and always parses."""
    seconds = max(1, math.ceil(window.seconds))
    return {
        "PROJECT": subject.place.project,
        "STAGE": subject.place.stage,
        "SERVICE": subject.place.service,
        "ENVIRONMENT": subject.place.namespace,
        "DEPLOYMENT": subject.deployment,
        "COLOUR": subject.colour,
        "RELEASE": subject.release,
        "VERSION": subject.tag,
        "DURATION_SECONDS": str(seconds),
        "DURATION_MINUTES": str(math.ceil(seconds / 60)),
        **{f"LABEL.{name}": text for name, text in subject.labels.items()},
    }


def resolve(query: Query, values: Mapping[str, str]) -> Query:
    """*query* with its placeholders replaced, in every text of an object. Raises InvalidError for an unknown
    placeholder, and for a value with characters that could change what the query asks (an artifact's tag is
    anybody's text)."""

    def replace(match: re.Match[str]) -> str:
        name, rest = match["known"], ""
        if match["label"] is not None:
            name, rest = _label(match["label"], values)
        if name is None or name not in values:
            raise InvalidError(_unknown(match))
        value = values[name]
        if not _HARMLESS.fullmatch(value):
            raise InvalidError(
                f"${name} is {value!r} here, and a query may only take letters, digits, '.', '_' and '-': "
                f"select by another placeholder, such as $RELEASE"
            )
        return value + rest

    resolved: Query = _mapped(query, lambda text: _PLACEHOLDER.sub(replace, text))
    return resolved


def unknown_in(query: Query) -> tuple[str, ...]:
    """What is wrong with the placeholders of *query*, one sentence each."""
    found: list[str] = []

    def look(text: str) -> str:
        found.extend(_unknown(match) for match in _PLACEHOLDER.finditer(text) if match["unknown"] is not None)
        return text

    _mapped(query, look)
    return tuple(dict.fromkeys(found))


def is_in(text: str) -> bool:
    """Whether *text* has a placeholder, known or not."""
    return _PLACEHOLDER.search(text) is not None


def sketched(text: str) -> str:
    """*text* with each placeholder replaced by what might stand there, to see how it reads: a number for a duration,
    a letter for anything else."""
    return _PLACEHOLDER.sub(lambda match: "1" if (match["known"] or "").startswith("DURATION") else "x", text)


def query_text(query: Query) -> str:
    """A query as one text, for a Measurement: PromQL as it is, an object as JSON."""
    return query if isinstance(query, str) else json.dumps(query, ensure_ascii=False)


def _label(text: str, values: Mapping[str, str]) -> tuple[str, str]:
    """The longest label that *text* is or begins with, as `LABEL.name`, and what stands behind it: `$LABEL.build-blue`
    may be the label `build` and `-blue`."""
    ends = [len(text), *sorted((mark.start() for mark in re.finditer("[.-]", text)), reverse=True)]
    for end in ends:
        if f"LABEL.{text[:end]}" in values:
            return f"LABEL.{text[:end]}", text[end:]
    there = ", ".join(name.removeprefix("LABEL.") for name in values if name.startswith("LABEL."))
    raise InvalidError(
        f"the artifact has no label {text!r}: {f'it has {there}' if there else 'it has none'}; "
        f"send it with --label {text}=VALUE"
    )


def _unknown(match: re.Match[str]) -> str:
    known = ", ".join(f"${name}" for name in (*NAMES, "LABEL.name"))
    return f"unknown placeholder {match[0]}: known are {known}"


def _mapped(query: Any, change: Callable[[str], str]) -> Any:
    match query:
        case str():
            return change(query)
        case Mapping():
            return {change(str(name)): _mapped(value, change) for name, value in query.items()}
        case list() | tuple():
            return [_mapped(item, change) for item in query]
        case _:
            return query
