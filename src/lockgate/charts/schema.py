"""JSON Schema (draft 2020-12) of `values.yaml`, from the reader's own fields, words and ranges, for editors.

It takes every file that a push takes, and some more: it cannot see what spans several places.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from lockgate.charts import values
from lockgate.charts.fields import DNS_LABEL, URL_PATH

Schema = dict[str, Any]

_SCALARS = ["string", "number", "boolean", "null"]  # read as it is written


def values_schema() -> Schema:
    amounts = _mapping(values.AMOUNTS, dict.fromkeys(values.AMOUNTS, _text(values.QUANTITY)))
    port = _whole(*values.PORTS)
    network = {
        "name": _text(DNS_LABEL),
        "type": _words(values.SERVICE_TYPES),
        "protocol": _words(values.PROTOCOLS),
        "externalPort": port,
        "internalPort": port,
    }
    fields = {
        "$schema": {},
        "replicaCount": _whole(*values.REPLICAS),
        "image": _mapping(
            values.IMAGE, {"repository": _scalar(), "tag": _scalar(), "pullPolicy": _words(values.PULL_POLICIES)}
        ),
        "service": _mapping(values.NETWORK, network) | {"type": "object", "required": ["internalPort"]},
        "container": _mapping(values.CONTAINER, {"name": _text(DNS_LABEL)}),
        "resources": _mapping(values.RESOURCES, dict.fromkeys(values.RESOURCES, amounts)),
        "health": _mapping(values.HEALTH, {"path": _text(URL_PATH)}),
        "metrics": _mapping(values.METRICS, {"path": _text(URL_PATH), "port": port}),
        "env": _env(),
        "volume": _mapping(
            values.VOLUME, {"name": _text(DNS_LABEL), "size": _text(values.QUANTITY), "mountPath": _text(URL_PATH)}
        ),
        "strategy": _words(values.STRATEGIES),
    }
    root = _mapping(values.FIELDS, fields) | {"type": "object", "required": ["service"]}
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": "values.yaml: a service in a few values", **root}


def _mapping(known: Collection[str], fields: Mapping[str, Schema]) -> Schema:
    """Raises KeyError for a field that the reader knows and *fields* lacks."""
    return {
        "type": ["object", "null"],
        "properties": {name: fields[name] for name in known},
        "additionalProperties": False,
    }


def _env() -> Schema:
    own = "|".join(values.OWN_ENV)
    names = f"^(?!({own})$)({values.ENV_NAME.pattern})$"
    return {"type": ["object", "null"], "propertyNames": {"pattern": names}, "additionalProperties": _scalar()}


def _scalar() -> Schema:
    return {"type": _SCALARS}


def _text(pattern: re.Pattern[str]) -> Schema:
    return {"type": _SCALARS, "pattern": f"^({pattern.pattern})$"}


def _words(known: Collection[str]) -> Schema:
    return {"enum": [*known, None]}


def _whole(least: int, most: int) -> Schema:
    return {"type": ["integer", "null"], "minimum": least, "maximum": most}
