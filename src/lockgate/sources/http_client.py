"""The HTTP client of all sources, on libcurl: kept-alive connections to a server, no proxy, no redirect, no cookie."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import certifi
import httpx
import pycurl

from lockgate.sources.answers import clip

CONNECTIONS = 200  # at once to one server
_CLOSED = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
_HEAD_TOO_LARGE = 100  # CURLE_TOO_LARGE, which pycurl has no name for
_NO_HTTP = frozenset({pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_FTP_WEIRD_SERVER_REPLY, _HEAD_TOO_LARGE})
_INSECURE = frozenset({pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CACERT_BADFILE})


class NoAnswerError(Exception):
    """The server could not be reached, or went away in the middle."""


class UnreadableError(Exception):
    """The body is not packed as its head says."""


class TooLateError(Exception):
    """The answer was not whole in time."""


class TooLargeError(Exception):
    """The body is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Request:
    """*method* is GET, or POST with a *body*; *url* as it goes over the wire, without a user or password."""

    method: Literal["GET", "POST"]
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """*location* is where a redirect points to, in full, empty for any other answer; *body* is unpacked."""

    status: int
    body: bytes
    location: str = ""


class HttpClient:
    """Made anywhere, and used in one event loop. *ca* in PEM is trusted instead of the authorities that browsers
    know, where https is spoken."""

    def __init__(self, ca: str | None = None) -> None:
        self._ca = ca
        self._multi: Any = None
        self._idle: list[Any] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        self._idle.clear()
        if self._multi is not None:
            await self._multi.aclose()
            self._multi = None

    async def exchange(self, request: Request, largest: int, seconds: float) -> Received:
        """The answer, whatever its status. Raises TooLateError after so many *seconds*, TooLargeError beyond *largest*
        bytes, NoAnswerError and UnreadableError. Each drops the connection, and so does cancelling it."""
        if self._multi is None:
            self._multi = _multi()
        curl, coming = self._idle.pop() if self._idle else _curl(self._ca), _Coming(largest)
        _prepare(curl, request, coming)
        # A timer of libcurl's own: one of asyncio's a question is felt in gates with a thousand indicators.
        curl.setopt(pycurl.TIMEOUT_MS, max(1, math.ceil(seconds * 1000)))
        try:
            await self._multi.perform(curl)
        except pycurl.error as error:
            if coming.is_too_large:
                raise TooLargeError from error
            raise _in_our_words(curl, *error.args) from error
        received = Received(curl.getinfo(pycurl.RESPONSE_CODE), bytes(coming.body), _location(curl))
        _forget(curl)
        self._idle.append(curl)
        return received


@dataclass(slots=True)
class _Coming:
    """An answer, as far as it may come."""

    largest: int
    body: bytearray = field(default_factory=bytearray)
    is_too_large: bool = False

    def take(self, chunk: bytes) -> int:
        """How much was taken: libcurl gives up when that is not all."""
        self.is_too_large = len(self.body) + len(chunk) > self.largest
        if self.is_too_large:
            return 0
        self.body += chunk
        return len(chunk)


def _multi() -> Any:
    multi = pycurl.AsyncCurlMulti()
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS)
    multi.setopt(pycurl.M_MAXCONNECTS, CONNECTIONS)
    return multi


def _curl(ca: str | None) -> Any:
    """What is the same for every question. Nothing is read from the environment or ~/.netrc: a proxy of the machine
    must not stand between gate and monitoring, nor a password of somebody's be sent."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.PATH_AS_IS, 1)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, deflate")
    curl.setopt(pycurl.USERAGENT, "lockgate")
    curl.unsetopt(pycurl.CAPATH)
    if ca is None:
        curl.setopt(pycurl.CAINFO, certifi.where())
    else:
        curl.unsetopt(pycurl.CAINFO)
        curl.setopt(pycurl.CAINFO_BLOB, ca)
    return curl


def _prepare(curl: Any, request: Request, coming: _Coming) -> None:
    curl.setopt(pycurl.URL, str(request.url))
    # "Expect: 100-continue" would cost a round trip; a header without a value is written with a semicolon.
    headers = [f"{name}: {value}" if value else f"{name};" for name, value in request.headers.items()]
    curl.setopt(pycurl.HTTPHEADER, [*headers, "Expect:"])
    if request.method == "GET":
        curl.setopt(pycurl.HTTPGET, 1)
    else:
        curl.setopt(pycurl.POST, 1)
        curl.setopt(pycurl.POSTFIELDS, request.body or b"")
    curl.setopt(pycurl.WRITEFUNCTION, coming.take)


def _location(curl: Any) -> str:
    url = curl.getinfo_raw(pycurl.REDIRECT_URL)
    return url.decode(errors="replace") if url else ""


def _forget(curl: Any) -> None:
    """An idle handle keeps no answer and no secret."""
    curl.setopt(pycurl.WRITEFUNCTION, _nowhere)
    curl.unsetopt(pycurl.HTTPHEADER)


def _nowhere(_: bytes) -> int:
    return 0


def _in_our_words(curl: Any, code: int, why: str) -> Exception:
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return TooLateError(clip(why))
    if code == pycurl.E_BAD_CONTENT_ENCODING:
        return UnreadableError(clip(why))
    if code in _CLOSED:
        return NoAnswerError("peer closed the connection before its answer was whole")
    if code in _INSECURE:
        return NoAnswerError(f"no connection that is secure: {clip(why)}")
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return NoAnswerError(f"its name is not known: {clip(why)}")
    if code == pycurl.E_COULDNT_CONNECT and (number := curl.getinfo(pycurl.OS_ERRNO)):
        return NoAnswerError(f"cannot connect: {os.strerror(number)}")
    if code in _NO_HTTP:
        return NoAnswerError(f"what it says is no HTTP: {clip(why)}")
    return NoAnswerError(clip(why))
