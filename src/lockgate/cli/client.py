"""Our own API, as the commands ask it."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from lockgate.cli.credentials import Credentials, load
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner
from lockgate.domain.errors import InvalidError, NotFoundError

_SILENCE = 30.0  # seconds; the server says "still here" every ten
_UNAUTHORIZED = 401
_KEPT_IN = "that of `lockgate up` is in ~/.lockgate/local/control/token, or below its --data"
_NOT_ALLOWED = (_UNAUTHORIZED, 403, 404)


class Client:
    """Every method raises End with the exit code and the server's own words."""

    def __init__(self, credentials: Credentials, manner: Manner) -> None:
        self.endpoint = credentials.endpoint.rstrip("/")
        self.manner = manner
        self._settings: dict[str, Any] = {
            "base_url": self.endpoint,
            "headers": {"Authorization": f"Bearer {credentials.token}"},
            # No redirect is followed, so http stays http: the machine's certificates, slow to load, are for https.
            "verify": self.endpoint.startswith("https:"),
            "trust_env": False,
        }
        self._http = httpx.Client(**self._settings, timeout=manner.answer_seconds)

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    def post(self, path: str, body: Any) -> Any:
        return self._ask("POST", path, json=body)

    def put(self, path: str, body: Any) -> Any:
        return self._ask("PUT", path, json=body)

    def post_as_is(self, path: str, body: bytes) -> Any:
        """*body* is sent byte for byte."""
        return self._ask("POST", path, content=body, headers={"Content-Type": "application/json"})

    async def listen(self, path: str, **query: Any) -> AsyncIterator[dict[str, Any] | None]:
        """Events of a server-sent stream, None for a sign of life, until the server ends it.

        Raises httpx.TransportError when it breaks off or falls silent, and HTTPStatusError for a 5xx, since both are
        worth another try; End for a refusal."""
        waits = httpx.Timeout(_SILENCE, connect=5.0)
        async with (
            httpx.AsyncClient(**self._settings, timeout=waits) as http,
            http.stream("GET", path, params=query) as answer,
        ):
            self.manner.debug(f"GET {path} since {query.get('since')}: status {answer.status_code}")
            if answer.is_server_error:
                answer.raise_for_status()
            if not answer.is_success:
                await answer.aread()
                _check(answer, self.endpoint)
            data = ""
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    data += line.removeprefix("data:")
                elif line.startswith(":"):
                    yield None
                elif not line and data:  # an event counts once the empty line after it is there
                    yield json.loads(data)
                    data = ""

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        if self.manner.mock:
            raise End(Ending.DONE, f"mock: {method} {self.endpoint}{path} was not sent")
        started = time.monotonic()
        with self._reached():
            answer = self._http.request(method, path, **more)
        self.manner.debug(f"{method} {path}: status {answer.status_code} after {time.monotonic() - started:.3f} s")
        _check(answer, self.endpoint)
        try:
            return answer.json()
        except ValueError as error:
            message = f"{self.endpoint} answers, but not as Lockgate does: lockgate auth --endpoint=URL"
            raise End(Ending.ERRORED, message) from error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise End(Ending.ERRORED, f"{self.endpoint} does not answer: is Lockgate running?  lockgate up") from error
        except httpx.TimeoutException as error:
            message = (
                f"{self.endpoint} did not answer within {self.manner.answer_seconds:g} s: wait longer with --timeout"
            )
            raise End(Ending.TIMED_OUT, message) from error
        except httpx.HTTPError as error:
            message = f"{self.endpoint} broke off ({type(error).__name__}): try again, or see: lockgate logs"
            raise End(Ending.ERRORED, message) from error


def client(manner: Manner) -> Client:
    """For the endpoint that `auth` or `up` stored."""
    try:
        return Client(load(), manner)
    except NotFoundError as error:
        message = (
            'This command requires to be authenticated. See "lockgate auth" for details: '
            "lockgate auth --endpoint=URL --api-token-file=FILE; lockgate up logs in by itself"
        )
        raise End(Ending.USAGE, message) from error


def segment(name: str) -> str:
    """*name* as one segment of a path, whatever is in it."""
    if name in ("", ".", "..") or "/" in name:
        raise InvalidError(f"{name!r} is no name: lockgate get lists what there is")
    return quote(name, safe="")


def _check(answer: httpx.Response, asked: str) -> None:
    if answer.is_success:
        return
    detail = _detail(answer)
    if answer.status_code == _UNAUTHORIZED:
        way_out = f"lockgate auth --endpoint={asked} --api-token-file=FILE"
        raise End(Ending.NOT_FOUND, f"{detail}, says {asked}: {way_out} ({_KEPT_IN})")
    if answer.status_code in _NOT_ALLOWED:
        raise End(Ending.NOT_FOUND, detail)
    if answer.is_client_error:
        raise End(Ending.USAGE, detail)
    raise End(Ending.ERRORED, detail)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code}: {answer.text[:200].strip()}"
