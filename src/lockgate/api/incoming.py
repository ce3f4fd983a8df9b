"""CloudEvents from outside: envelopes 0.2 and 1.0, structured and binary; only new-artifact is let in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from lockgate.delivery.intake import NewArtifact
from lockgate.delivery.telling import SOURCE
from lockgate.domain.artifact import parse_artifact
from lockgate.domain.errors import InvalidError
from lockgate.domain.event import NEW_ARTIFACT_ALIASES
from lockgate.domain.labels import read_labels
from lockgate.domain.names import project_name, service_name
from lockgate.kit.clock import parse_rfc3339
from lockgate.kit.ids import new_id

_VERSIONS = ("0.2", "1.0")
_DEFAULT_SOURCE = "lockgate/api"
_REQUIRED = ("project", "service", "image")
TAKEN: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A CloudEvent 0.2 or 1.0, structured; or its data alone, with the attributes in ce-* headers",
        "content": {
            "application/cloudevents+json": {
                "schema": {
                    "type": "object",
                    "required": ["specversion", "type", "data"],
                    "properties": {
                        "specversion": {"enum": list(_VERSIONS)},
                        "type": {"enum": sorted(NEW_ARTIFACT_ALIASES)},
                        "id": {"type": "string"},
                        "source": {"type": "string"},
                        "time": {"type": "string", "format": "date-time"},
                        "shkeptncontext": {"type": "string", "description": "Becomes the delivery's id"},
                        "data": {
                            "type": "object",
                            "required": list(_REQUIRED),
                            "properties": {
                                **{name: {"type": "string"} for name in (*_REQUIRED, "tag")},
                                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }
}
"""For the description of the API: the body is parsed here and not by FastAPI."""

_LONGEST = 500
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OPTIONAL = ("tag", "labels", "stage", "githuborg", "teststrategy", "deploymentstrategy")


@dataclass(frozen=True, slots=True)
class Incoming:
    """*given*: whether the sender gave the event's id and source, without which it cannot be told from another."""

    new: NewArtifact
    given: bool


def read_event(headers: Mapping[str, str], body: bytes, now: datetime) -> Incoming:
    """*headers* by lower-case name. Raises InvalidError that names the attribute and what is accepted."""
    attributes, data = _binary(headers, body) if "ce-type" in headers else _structured(body)
    given = bool(attributes.get("id")) and bool(attributes.get("source"))
    event = _checked(attributes, data, now)
    if event.get_type() not in NEW_ARTIFACT_ALIASES:
        raise InvalidError(
            f"event type {event.get_type()!r} is not taken from outside: accepted are "
            f"{', '.join(sorted(NEW_ARTIFACT_ALIASES))}"
        )
    return Incoming(new=_new_artifact(event, data, now), given=given)


def _structured(body: bytes) -> tuple[dict[str, Any], Any]:
    content = _json(body, "the event")
    if not isinstance(content, dict):
        raise InvalidError("the event is not a JSON object: send a CloudEvent with specversion, type and data")
    attributes = {str(key): value for key, value in content.items() if key != "data"}
    return attributes, content.get("data")


def _binary(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, Any], Any]:
    attributes: dict[str, Any] = {
        name.removeprefix("ce-"): unquote(value) for name, value in headers.items() if name.startswith("ce-")
    }
    attributes["datacontenttype"] = headers.get("content-type", "application/json")
    return attributes, _json(body, "data")


def _checked(attributes: Mapping[str, Any], data: Any, now: datetime) -> CloudEvent:
    """Version 0.2 differs in one name; the rest is judged by the SDK's rules for 1.0."""
    version = attributes.get("specversion", "1.0")
    if version not in _VERSIONS:
        raise InvalidError(f"specversion {version!r} is unknown: known are {', '.join(_VERSIONS)}")
    wanted = {key: value for key, value in attributes.items() if key not in ("contenttype", "channelInfo")}
    wanted["specversion"] = "1.0"
    if "contenttype" in attributes:
        wanted["datacontenttype"] = attributes["contenttype"]
    wanted["id"] = one_line("id", attributes.get("id") or new_id())
    wanted["source"] = one_line("source", attributes.get("source") or _DEFAULT_SOURCE)
    if wanted["source"] == SOURCE:
        raise InvalidError(f"source {SOURCE!r} is Lockgate's own: name the sender, such as ci/build")
    wanted["time"] = _time(attributes.get("time"), now)
    try:
        return CloudEvent(attributes=wanted, data=data)
    except CloudEventValidationError as error:
        faults = "; ".join(str(fault) for found in error.errors.values() for fault in found)
        raise InvalidError(f"not a CloudEvent: {faults}") from error


def _time(text: Any, now: datetime) -> datetime:
    if text in (None, ""):
        return now
    try:
        return parse_rfc3339(str(text))
    except (ValueError, OverflowError) as error:
        raise InvalidError(f"time {text!r} is not RFC 3339, such as 2026-11-22T21:00:00Z") from error


def _new_artifact(event: CloudEvent, data: Any, now: datetime) -> NewArtifact:
    if not isinstance(data, dict):
        raise InvalidError(f"data must be an object with {', '.join(_REQUIRED)} and, if you like, tag")
    unknown = sorted(set(data) - {*_REQUIRED, *_OPTIONAL})
    if unknown:
        known = ", ".join((*_REQUIRED, "tag", "labels"))
        raise InvalidError(f"data.{unknown[0]} is unknown: known are {known}")
    if data.get("stage"):
        raise InvalidError(
            f"data.stage {data['stage']!r} is not taken: a delivery starts at the first stage and passes every gate"
        )
    texts = {name: _text(data, name) for name in _REQUIRED}
    return NewArtifact(
        id=event.get_id(),
        source=event.get_source(),
        context=_context(event.get_extension("shkeptncontext")),
        time=event.get_time() or now,
        project=project_name(texts["project"]),
        service=service_name(texts["service"]),
        artifact=parse_artifact(texts["image"], _text(data, "tag") if data.get("tag") else None),
        labels={} if data.get("labels") in (None, "") else read_labels(data["labels"]),
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None or value == "":
        raise InvalidError(f"data.{name} is missing")
    if not isinstance(value, str):
        raise InvalidError(f"data.{name} must be a text, not {json.dumps(value)[:_LONGEST]}")
    return one_line(f"data.{name}", value)


def one_line(name: str, value: Any) -> str:
    """*value*, if it can stand in a log, a database and a header: one line of printable text. Raises InvalidError."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST:
        shown = str(value)[:_LONGEST]
        raise InvalidError(f"{name} {shown!r} must be one line of at most {_LONGEST} printable characters")
    return value


def _context(value: Any) -> str:
    """It becomes the delivery's id, and so a part of URLs."""
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not _CONTEXT.fullmatch(value):
        raise InvalidError(
            f"shkeptncontext {str(value)[:_LONGEST]!r} must be at most 100 letters, digits, '.', '_' and '-'; "
            "leave it out to get one"
        )
    return value


def _json(body: bytes, what: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise InvalidError(f"{what} is not JSON: {error}") from error
    except RecursionError as error:
        raise InvalidError(f"{what} is nested too deeply") from error
