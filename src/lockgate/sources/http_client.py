"""The HTTP client of all sources: kept-alive connections to one server, no proxy, no redirect, no cookie."""

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import httpx
from aiohttp import hdrs
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from lockgate.sources.answers import clip

CONNECTIONS = 100  # at once to one server
_LONGEST_LINE = 65_536  # bytes in the head of an answer; proxies for signing in write long ones
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGENT = {hdrs.USER_AGENT: "lockgate"}


class NoAnswerError(Exception):
    """The server could not be reached, or went away in the middle."""


class UnreadableError(Exception):
    """The body is not packed as its head says."""


class TooLargeError(Exception):
    """The body is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Request:
    """*url* as it goes over the wire, without a user or password; *body* whole."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """*location* is where a redirect points to, empty for any other answer; *body* is unpacked."""

    status: int
    body: bytes
    location: str = ""


class HttpClient:
    """Made anywhere, and used in one event loop. *tls*: whom to trust, where https is spoken; without it, the
    authorities that the interpreter knows."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def exchange(self, request: Request, largest: int) -> Received:
        """The answer, whatever its status. It has no deadline of its own: cancelling it drops the connection. Raises
        NoAnswerError, UnreadableError, and TooLargeError beyond *largest* bytes."""
        if self._session is None:
            self._session = _session(self._tls)
        try:
            async with self._session.request(
                request.method,
                URL(str(request.url), encoded=True),  # not quoted again: some servers tell %3A from a colon
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
            ) as response:
                location = response.headers.get(hdrs.LOCATION, "") if response.status in _REDIRECTS else ""
                return Received(response.status, await _body(response, largest), location)
        except (aiohttp.ClientError, OSError) as error:
            raise _in_our_words(error) from error


def _session(tls: ssl.SSLContext | None) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=True if tls is None else tls),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        headers=_AGENT,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A proxy of the machine must not stand between gate and monitoring, nor a password of ~/.netrc be sent.
        trust_env=False,
    )


async def _body(response: aiohttp.ClientResponse, largest: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > largest:
            raise TooLargeError
    return bytes(body)


def _in_our_words(error: Exception) -> NoAnswerError | UnreadableError:
    match error:
        case aiohttp.ClientPayloadError(__cause__=ContentEncodingError(message=why)):
            return UnreadableError(clip(why))
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionResetError():
            return NoAnswerError("peer closed the connection before its answer was whole")
        case aiohttp.ClientSSLError():
            return NoAnswerError(f"no connection that is secure: {clip(str(error.__cause__ or error))}")
        case aiohttp.ClientConnectorDNSError(os_error=OSError(strerror=str(why))):
            return NoAnswerError(f"its name is not known: {why}")
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))) if number > 0:
            return NoAnswerError(f"cannot connect: {os.strerror(number)}")
        case aiohttp.ClientResponseError(message=why):
            return NoAnswerError(f"what it says is no HTTP: {clip(why)}")
        case _:
            return NoAnswerError(str(error) or type(error).__name__)
