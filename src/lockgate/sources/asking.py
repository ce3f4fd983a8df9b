"""What all sources over HTTP share: one deadline, a limit of size, no redirect, short messages without a secret."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote, quote_plus

import httpx

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.http_header import check_header
from lockgate.sources.answers import clip
from lockgate.sources.http_client import HttpClient, NoAnswerError, Request, TooLargeError, UnreadableError

LARGEST = 16_000_000  # bytes of an answer; a gate looks at a few series
_OK, _TOO_MANY_REQUESTS = 200, 429
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}
_SHORTEST_SECRET = 4  # characters; blotting out a shorter one would make a riddle of every message


@dataclass(frozen=True, slots=True)
class Access:
    """How a source lets us in. *scheme* and *token* make the header Authorization (`Bearer …`, `Api-Token …`), *user*
    and *password* that of HTTP's basic authentication; *headers* are sent besides, and are as secret."""

    scheme: str = "Bearer"
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def sent(self) -> dict[str, str]:
        """Raises InvalidError for what cannot stand in a header, without repeating it."""
        headers = dict(self.headers)
        if self.token is not None and self.user is not None:
            raise InvalidError("give a token or a user with a password, not both")
        if self.token is not None:
            headers["Authorization"] = f"{self.scheme} {self.token}"
        if self.user is not None:
            headers["Authorization"] = f"Basic {self._basic()}"
        for name, value in headers.items():
            check_header(name, value)
        return headers

    def secrets(self) -> tuple[str, ...]:
        """Longest first, in each form in which a server or a library might write them."""
        basic = self._basic() if self.user is not None else None
        known = [self.token, self.password, basic, *self.headers.values()]
        plain = {secret for secret in known if secret and len(secret) >= _SHORTEST_SECRET}
        forms = plain | {quote(each, safe="") for each in plain} | {json.dumps(each)[1:-1] for each in plain}
        return tuple(sorted(forms, key=len, reverse=True))

    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password or ''}".encode()).decode()


class _RefusedError(PermanentError):
    """The server answered with a status that means no."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Asker:
    """Asks one server. *base_url* is where its pages are; *deadline* in seconds, for a whole question; *words* finds
    the server's own words in the body of a refusal. Redirects are not followed: what answers must be the server that
    was configured, and a token goes nowhere else."""

    def __init__(
        self,
        base_url: str,
        client: HttpClient,
        name: str,
        words: Callable[[str], str],
        access: Access | None = None,
        deadline: float = 10.0,
    ) -> None:
        self.name, self.deadline = name, deadline
        self._client, self._words = client, words
        written, access = base_of(base_url, name), access or Access()
        if written.userinfo:
            access = replace(access, token=None, user=written.username, password=written.password)
        # A password may stand in an address; it stands in no message.
        self.base = written.copy_with(username=None, password=None)
        self.shown = str(self.base).rstrip("/")
        self._headers, self._secrets = access.sent(), access.secrets()

    def at(self, path: str) -> httpx.URL:
        """The server's own address of *path*, which begins with a slash and is written as it goes over the wire."""
        return self.base.copy_with(raw_path=self.base.raw_path.split(b"?")[0].rstrip(b"/") + path.encode())

    @asynccontextmanager
    async def within_deadline(self, about: str) -> AsyncIterator[None]:
        """One deadline, however many requests are made within. *about* is the query, for messages."""
        try:
            async with asyncio.timeout(self.deadline):
                yield
        except TimeoutError as error:
            raise TransientError(self.message(about, f"gave no answer in {self.deadline:g} s")) from error
        except (UnicodeError, httpx.InvalidURL) as error:
            what = "cannot be asked this: the query holds a character that no request may hold"
            raise InvalidError(self.message(about, what)) from error

    async def ask(self, method: Literal["GET", "POST"], url: httpx.URL, about: str, sent: "Sent | None" = None) -> str:
        """The body of an answer with status 200, secrets blotted out. Raises TransientError when there was no answer,
        and for 429 and 5xx; PermanentError for any other."""
        try:
            status, text, location = await self._received(method, url, sent or _NOTHING)
        except UnreadableError as error:
            raise PermanentError(self.message(about, f"answered with a body that cannot be read: {error}")) from error
        except TooLargeError as error:
            raise PermanentError(self.message(about, f"answered with more than {LARGEST} bytes")) from error
        except NoAnswerError as error:
            raise TransientError(self.message(about, f"gave no answer: {error}")) from error
        if status == _OK:
            return text
        if location:
            what = f"answered {status}: a redirect to {clip(location)}, and redirects are not followed"
            raise PermanentError(self.message(about, what))
        what = self.message(about, f"answered {status}: {self._words(text)}")
        raise TransientError(what) if status >= 500 or status == _TOO_MANY_REQUESTS else _RefusedError(what, status)

    async def reach(self, about: str) -> None:
        """Raises when nobody answers at the base, a server in trouble does, or one that does not let us in. That there
        is no page counts as an answer."""
        try:
            await self.ask("GET", self.base, about)
        except _RefusedError as error:
            if error.status in (401, 403):
                raise

    def message(self, about: str, what: str) -> str:
        text = self.clean(f"{self.name} at {self.shown} {what} (query {clip(about)})")
        return text.encode("utf-8", errors="backslashreplace").decode()

    def clean(self, text: str) -> str:
        """*text* without any secret."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    async def _received(self, method: Literal["GET", "POST"], url: httpx.URL, sent: "Sent") -> tuple[int, str, str]:
        headers = {**sent.headers, **(self._headers if _same_origin(url, self.base) else {})}
        received = await self._client.exchange(Request(method, sent.to(url), headers, sent.body), LARGEST)
        text = self.clean(received.body.decode("utf-8", errors="replace"))
        return received.status, text, self.clean(received.location)


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes along with a question. *params* are added to those of the address."""

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Sequence[tuple[str, str]] = ()
    body: bytes | None = None

    def to(self, url: httpx.URL) -> httpx.URL:
        return url.copy_merge_params(list(self.params)) if self.params else url


def form(fields: Mapping[str, str]) -> Sent:
    """As a browser sends a form. Raises UnicodeError for half a surrogate pair."""
    # urlencode would look at each value again and again, which is felt in gates with a thousand indicators.
    return Sent(_FORM, body="&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode())


def document(value: Mapping[str, Any]) -> Sent:
    """As JSON, which has no NaN. Raises UnicodeError for half a surrogate pair."""
    return Sent(_JSON, body=json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


_NOTHING = Sent()


def base_of(address: str, name: str) -> httpx.URL:
    """Raises InvalidError for what is no address of a server."""
    try:
        base = httpx.URL(address.rstrip("/"))
    except httpx.InvalidURL as error:
        raise InvalidError(f"{name}: {address!r} is no address ({error}): write http://HOST:PORT") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise InvalidError(f"{name}: {address!r} is no address: write http://HOST:PORT")
    return base


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
