"""Prometheus: instant queries at the end of the window, by its HTTP API v1."""

import asyncio
import json
import math
import re
from typing import Any, NoReturn

import httpx

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.ports.metric_source import Query

_CLIPPED = 300  # characters of a foreign text that go into a message
_LARGEST = 16_000_000  # bytes of an answer; a gate looks at a few series
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|NaN|[-+]?Inf")
_TOO_MANY_REQUESTS = 429


class MalformedError(ValueError):
    """An answer that is not shaped as the API's documentation says."""


class PrometheusSource:
    """*base_url* is where the server's pages are, such as `http://127.0.0.1:9090`; *deadline* in seconds for a whole
    question. Redirects are not followed: what answers must be the server that was configured."""

    def __init__(
        self, base_url: str, client: httpx.AsyncClient, name: str = "Prometheus", deadline: float = 10.0
    ) -> None:
        self._client, self._name, self._deadline = client, name, deadline
        try:
            base = httpx.URL(base_url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise InvalidError(f"{name}: {base_url!r} is no address ({error}): write http://HOST:PORT") from error
        if base.scheme not in ("http", "https") or not base.host:
            raise InvalidError(f"{name}: {base_url!r} is no address: write http://HOST:PORT")
        self._url = base.copy_with(path=f"{base.path.rstrip('/')}/api/v1/query")
        # A password may stand in an address; it stands in no message.
        self._shown = str(base.copy_with(username=None, password=None)).rstrip("/")

    async def query(self, query: Query, window: Window) -> Answer:
        """A vector as it is, a scalar as one series without labels. PermanentError for any other result, for a
        refused query and for what is no answer of Prometheus; TransientError when there was none."""
        if not isinstance(query, str):
            raise PermanentError(f"{self._name} takes a query as a PromQL text, not {_clip(json.dumps(query))}")
        moment = f"{window.end.timestamp():.3f}"
        status, text = await self._post(query, moment)
        if status >= 500 or status == _TOO_MANY_REQUESTS:
            raise TransientError(self._message(query, f"answered {status}: {_complaint(text)}"))
        if status != httpx.codes.OK:
            raise PermanentError(self._message(query, f"answered {status}: {_complaint(text)}"))
        try:
            samples, warnings = _parsed(text)
        except MalformedError as error:
            raise PermanentError(self._message(query, str(error))) from error
        return Answer(samples, f"POST {self._shown}/api/v1/query time={moment} query={query}", warnings)

    async def _post(self, query: str, moment: str) -> tuple[int, str]:
        form = {"query": query, "time": moment, "timeout": f"{math.ceil(self._deadline)}s"}
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._client.stream("POST", self._url, data=form, follow_redirects=False, timeout=None) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LARGEST:
                        raise PermanentError(self._message(query, f"answered with more than {_LARGEST} bytes"))
                return response.status_code, body.decode("utf-8", errors="replace")
        except TimeoutError as error:
            raise TransientError(self._message(query, f"gave no answer in {self._deadline:g} s")) from error
        except httpx.DecodingError as error:
            raise PermanentError(self._message(query, f"answered with a body that cannot be read: {error}")) from error
        except httpx.RequestError as error:
            raise TransientError(self._message(query, f"gave no answer: {error or type(error).__name__}")) from error

    def _message(self, query: str, what: str) -> str:
        return f"{self._name} at {self._shown} {what} (query {_clip(query)})"


def _parsed(text: str) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    """Samples and warnings of an answer with status 200."""
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"answered with what is no JSON: {_clip(text)}") from error
    match body:
        case {"status": "success", "data": {"resultType": "vector", "result": list(rows)}}:
            return tuple(_sample(row) for row in rows), _warnings(body)
        case {"status": "success", "data": {"resultType": "scalar", "result": value}}:
            return (_sample({"metric": {}, "value": value}),), _warnings(body)
        case {"status": "success", "data": {"resultType": str(kind)}}:
            raise MalformedError(f"answered with a {kind}, and a gate needs a vector: query one value a series")
        case {"status": "error"}:
            raise MalformedError(f"answered 200 with an error: {_complaint(text)}")
        case _:
            raise MalformedError(f"answered with what is no query result: {_clip(text)}")


def _sample(row: Any) -> Sample:
    match row:
        case {"metric": dict(labels), "value": [int() | float() as moment, str(value)]} if (
            _NUMBER.fullmatch(value)
            and math.isfinite(moment)
            and all(isinstance(label, str) for label in labels.values())
        ):
            return Sample(labels=labels, value=float(value), timestamp=float(moment))
        case _:
            raise MalformedError(f"answered with a series that has not one value: {_clip(json.dumps(row))}")


def _warnings(body: dict[str, Any]) -> tuple[str, ...]:
    match body.get("warnings"), body.get("infos"):
        case (list() | None as warnings, list() | None as infos):
            return tuple(str(text) for text in [*(warnings or []), *(infos or [])])
        case _:
            raise MalformedError("answered with warnings that are no list")


def _complaint(text: str) -> str:
    """The server's own words where the answer has them."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _clip(text)
    match body:
        case {"error": str(error), "errorType": str(kind)}:
            return _clip(f"{kind}: {error}")
        case _:
            return _clip(text)


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CLIPPED else f"{text[:_CLIPPED]}…"
