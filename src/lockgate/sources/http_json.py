"""Any server that answers JSON over HTTP: a URL, and JSONPath (RFC 9535) to the values in what comes back."""

import json
from typing import Any

import httpx
from jsonpath import CompoundJSONPath, JSONPath, JSONPathError

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.ports.metric_source import Query
from lockgate.sources.access import Access
from lockgate.sources.answers import MalformedError, clip, json_value, read_json
from lockgate.sources.asking import Asker, Sent
from lockgate.sources.http_client import HttpClient
from lockgate.specs.queries.http_json import PLACE, HttpQuery, Selection, read_http
from lockgate.specs.queries.reading import parsed

PROBE = {"probe": "server"}
"""What `configure monitoring` asks: whether a server is there that lets us in."""


class HttpJsonSource:
    """*base_url* is the server that credentials are for; a query may ask it by a path, and *hosts* (`name` or
    `name:port`) besides by a whole URL, without credentials. No other host is ever asked."""

    def __init__(
        self,
        base_url: str,
        client: HttpClient,
        name: str = "Http",
        deadline: float = 10.0,
        access: Access | None = None,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self._asker = Asker(base_url, client, name, clip, access, deadline)
        self._hosts = frozenset(host.casefold() for host in hosts)

    async def query(self, query: Query, window: Window) -> Answer:
        """*query* is an object: `url`, a path or a whole address in which {start}, {end}, {start_ms}, {end_ms} and
        {seconds} stand for the window; `value`, a JSONPath; `series`, a JSONPath to what `value` and `labels` (name →
        JSONPath) then begin at; `headers`. A value that is null or not there is NaN. Raises InvalidError for a query
        that is none or asks a host that is not allowed."""
        asker, about = self._asker, json.dumps(query, ensure_ascii=False)
        question = asker.question(about)
        if query == PROBE:
            await question.reach()
            return question.answer((), f"GET {asker.shown}")
        asked = parsed(read_http, query, asker.name)
        url = self._url(asked.url, window)
        body = await question.ask("GET", url, Sent(headers=asked.headers))
        # A path may take long in a large answer.
        samples = await question.read_aside(body, lambda text: _samples(text, asked, window))
        return question.answer(samples, f"GET {url} {about}")

    def _url(self, template: str, window: Window) -> httpx.URL:
        name, text = self._asker.name, _filled(template, window)
        try:
            url = httpx.URL(text)
            if text.startswith("/"):  # which never begins an address: what names another host is refused before
                return self._asker.at(url.raw_path.decode())
        except httpx.InvalidURL as error:
            raise InvalidError(f"{name}: {clip(text)!r} is no address: {error}") from error
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise InvalidError(
                f"{name}: url must be a path or an address such as https://host/path, without a password"
            )
        own, asked = self._asker.base.netloc.decode(), url.netloc.decode()
        if asked != own and not {asked, url.host} & self._hosts:
            known = ", ".join(sorted({own, *self._hosts}))
            raise InvalidError(
                f"{name}: {asked} may not be asked, only {known}: lockgate configure monitoring http "
                f"--allow-host {url.host} allows it"
            )
        return url


def _filled(template: str, window: Window) -> str:
    start, end = window.start.timestamp(), window.end.timestamp()
    values = {
        "start": f"{start:.3f}",
        "end": f"{end:.3f}",
        "start_ms": str(round(start * 1000)),
        "end_ms": str(round(end * 1000)),
        "seconds": f"{window.seconds:g}",
    }
    return PLACE.sub(lambda match: values[match[1]], template)


def _samples(text: str, asked: HttpQuery, window: Window) -> tuple[Sample, ...]:
    body = read_json(text)
    moment = window.end.timestamp()
    try:
        if asked.series is None:
            found = _pointed_at(asked.value, body)
            # Nothing where one value is pointed at is no data; a path to many that finds none is no series.
            if not found:
                _check_place(asked.value, body)
                return ()
            several = len(found) > 1
            return tuple(Sample({"path": path} if several else {}, json_value(value), moment) for path, value in found)
        samples = tuple(_sample(row.obj, asked, moment) for row in asked.series.finditer(body))
        if not samples:
            _check_place(asked.series, body)
        return samples
    except (JSONPathError, RecursionError) as error:
        raise MalformedError(f"answered with what the paths do not fit: {clip(str(error))}") from error


def _pointed_at(path: Selection, body: Any) -> list[tuple[str, Any]]:
    """Each place that *path* finds, and what stands there: null where a path chooses among many and one of them lacks
    the names that follow, since a value that is missing may be the bad one."""
    if isinstance(path, CompoundJSONPath) or path.singular_query():
        return [(each.path, each.obj) for each in path.finditer(body)]
    chosen = max(
        at for at, one in enumerate(path.segments, 1) if not JSONPath(env=path.env, segments=[one]).singular_query()
    )
    rows = JSONPath(env=path.env, segments=path.segments[:chosen])
    rest = JSONPath(env=path.env, segments=path.segments[chosen:])
    chosen_from: list[tuple[str, Any]] = [(row.path, row.obj) for row in rows.finditer(body)]
    found = [(place, rest.match(row)) for place, row in chosen_from]
    return [(f"{place}{str(rest)[1:]}", None if each is None else each.obj) for place, each in found]


def _check_place(path: Selection, body: Any) -> None:
    """Raises MalformedError where even the place is not there in which *path* chooses among many or looks for its last
    name, as in an error that was answered with status 200: that is another answer, and not one without values."""
    if isinstance(path, CompoundJSONPath):
        return
    place = _place(path)
    found = place.match(body)
    if found is None or not isinstance(found.obj, list | dict | None):
        raise MalformedError(f"answered with nothing at {place} to look into: {clip(json.dumps(body))}")


def _place(path: JSONPath) -> JSONPath:
    """*path* up to its first wildcard, filter or slice, or else without its last name."""
    starts = [JSONPath(env=path.env, segments=path.segments[:length]) for length in range(len(path.segments))]
    return max((each for each in starts if each.singular_query()), key=lambda each: len(each.segments), default=path)


def _sample(row: Any, asked: HttpQuery, moment: float) -> Sample:
    found = [each.obj for each in asked.value.finditer(row)]
    if len(found) > 1:
        raise MalformedError(f"answered with {len(found)} values in one series: {clip(json.dumps(row))}")
    labels = {name: _label(name, path, row) for name, path in asked.labels.items()}
    return Sample(labels, json_value(found[0] if found else None), moment)


def _label(name: str, path: Selection, row: Any) -> str:
    match [each.obj for each in path.finditer(row)]:
        case []:
            return ""
        case [str(text)]:
            return text
        case [bool() | int() | float() as one]:
            return json.dumps(one)
        case other:
            raise MalformedError(f"answered with a label {name} that is no text: {clip(json.dumps(other))}")
