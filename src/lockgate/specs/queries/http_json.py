"""Any server that answers JSON over HTTP: a URL, and JSONPath (RFC 9535) to the values in what comes back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment, JSONPathError

from lockgate.domain.errors import InvalidError
from lockgate.domain.http_header import check_header
from lockgate.specs.fields import Reader, listed, shown
from lockgate.specs.positions import Spot
from lockgate.specs.queries.reading import given
from lockgate.specs.tables import Fields

OBJECT = Fields(("url", "value"), ("headers", "series", "labels"))
WINDOW = ("start", "end", "start_ms", "end_ms", "seconds")
"""What stands for the window in a URL, in braces."""

PLACE = re.compile(r"\{(\w*)\}")
_ADDRESS = re.compile(r"https?://(\[[^]/?#@\s]+\]|[^]\[/?#@:\s]+)(:[0-9]{0,5})?([/?#].*)?", re.IGNORECASE | re.DOTALL)
_NOWHERE = "must be a path or an address such as https://host/path, without a password"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UPWARDS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_OURS = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding", "connection"})

Selection = JSONPath | CompoundJSONPath


@dataclass(frozen=True, slots=True)
class HttpQuery:
    """*series*: where *value* and *labels* (name → path) then begin. *url*: a path of the server that is configured,
    or a whole address."""

    url: str
    value: Selection
    series: Selection | None = None
    labels: Mapping[str, Selection] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def read_http(reader: Reader, spot: Spot) -> HttpQuery | None:
    if not isinstance(spot.value, dict):
        message = f"must be an object with url and value, such as /stats and $.latency.p95, not {shown(spot)}"
        reader.lasting_fault(spot, message)
        return None
    fields = given(reader, spot, OBJECT)
    url, value = _url(reader, fields.get("url")), _path(reader, fields.get("value"))
    series = _path(reader, fields.get("series"))
    labels = {name: _path(reader, each) for name, each in _named(reader, fields.get("labels")).items()}
    headers = {name: _header(reader, name, each) for name, each in _named(reader, fields.get("headers")).items()}
    if url is None or value is None:
        return None
    return HttpQuery(
        url=url,
        value=value,
        series=series,
        labels={name: path for name, path in labels.items() if path is not None},
        headers={name: text for name, text in headers.items() if text is not None},
    )


def _url(reader: Reader, spot: Spot | None) -> str | None:
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    # A placeholder becomes letters, digits, '.', '_' and '-': what it does not stand in stays.
    for place in PLACE.finditer(text):
        if place[1] not in WINDOW:
            known = listed(f"{{{each}}}" for each in WINDOW)
            reader.lasting_fault(spot, f"unknown placeholder {place[0]}: known are {known}")
    if text.startswith("//"):
        reader.lasting_fault(spot, _NOWHERE)
    elif not (text.startswith("/") or _ADDRESS.fullmatch(text)):
        reader.fault(spot, _NOWHERE)
    if _UPWARDS.search(text.partition("?")[0]):
        reader.lasting_fault(spot, f"must name its page without '.' and '..', not {shown(spot)}")
    if _CONTROL.search(text):
        reader.lasting_fault(spot, "holds a character that no request may hold")
    return text


def _named(reader: Reader, spot: Spot | None) -> Mapping[str, Spot]:
    if spot is None:
        return {}
    if not isinstance(spot.value, dict):
        reader.lasting_fault(spot, f"must be an object of texts, not {shown(spot)}")
        return {}
    return spot.value


def _header(reader: Reader, name: str, spot: Spot) -> str | None:
    if not isinstance(spot.value, str):
        reader.fault(spot, f"must be a text, not {shown(spot)}")
        return None
    if name.casefold() in _OURS:
        reader.lasting_fault(spot, f"header {name} may not stand in a query: configure monitoring sends it")
    try:
        check_header(name, spot.value)
    except InvalidError as error:
        reader.lasting_fault(spot, str(error))
    return spot.value


def _path(reader: Reader, spot: Spot | None) -> Selection | None:
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    try:
        return _PATHS.compile(text)
    except (JSONPathError, OverflowError) as error:  # the latter for a number that no float holds
        # As a text it would repeat the path, however long.
        reader.fault(spot, f"{shown(spot)} is no JSONPath: {error.args[0]}")
        return None


def _environment() -> JSONPathEnvironment:
    """RFC 9535 without its two functions that take a regular expression, which can take for ever."""
    environment = JSONPathEnvironment(strict=True)
    for function in ("match", "search"):
        environment.function_extensions.pop(function, None)
    return environment


_PATHS = _environment()
