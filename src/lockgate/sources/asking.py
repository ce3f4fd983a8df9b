"""What all sources over HTTP share: one deadline, a limit of size, no redirect, short messages without a secret."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar
from urllib.parse import quote_plus

import httpx

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Sample
from lockgate.sources.access import Access, Blotter
from lockgate.sources.answers import MalformedError, clip
from lockgate.sources.http_client import (
    HttpClient,
    NoAnswerError,
    Received,
    Request,
    TooLargeError,
    TooLateError,
    UnreadableError,
)

LARGEST = 16_000_000  # bytes of an answer; a gate looks at a few series
_LARGE = 200_000  # characters: reading more takes so many milliseconds that others would feel it
T = TypeVar("T")
_OK, _TOO_MANY_REQUESTS = 200, 429
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}


class _RefusedError(PermanentError):
    """The server answered with a status that means no."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes along with a request. *params* are added to those of the address; *body* is that of a POST."""

    headers: Mapping[str, str] = field(default_factory=dict)
    params: Sequence[tuple[str, str]] = ()
    body: bytes | None = None

    def to(self, url: httpx.URL) -> httpx.URL:
        return url.copy_merge_params(list(self.params)) if self.params else url


_NOTHING = Sent()


def form(fields: Mapping[str, str]) -> Sent:
    """As a browser sends a form."""
    # urlencode would look at each value again and again, which is felt in gates with a thousand indicators.
    return Sent(_FORM, body="&".join([f"{name}={quote_plus(value)}" for name, value in fields.items()]).encode())


def document(value: Mapping[str, Any]) -> Sent:
    """As JSON, which has no NaN."""
    return Sent(_JSON, body=json.dumps(value, ensure_ascii=False, allow_nan=False).encode())


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
        self._headers, self.blotter = access.sent(), Blotter(access.secrets())
        self._own_names = frozenset(name.casefold() for name in self._headers)

    def at(self, path: str) -> httpx.URL:
        """The server's own address of *path*, which begins with a slash and is written as it goes over the wire. Raises
        InvalidError for one that is too long."""
        try:
            return self.base.copy_with(raw_path=self.base.raw_path.split(b"?")[0].rstrip(b"/") + path.encode())
        except httpx.InvalidURL as error:
            raise InvalidError(self.message(path, f"cannot be asked this: {error}")) from error

    def question(self, query: str) -> "Question":
        """Its deadline begins now. *query* as messages show it. Raises InvalidError for half a surrogate pair, which
        no request may hold."""
        try:
            query.encode()
        except UnicodeError as error:
            what = "cannot be asked this: the query holds a character that no request may hold"
            raise InvalidError(self.message(query, what)) from error
        return Question(self, query)

    async def exchange(self, method: Literal["GET", "POST"], url: httpx.URL, sent: Sent, seconds: float) -> Received:
        """As the client does, with what lets us in where the server is ours."""
        headers = self._let_in(sent.headers) if _same_origin(url, self.base) else sent.headers
        return await self._client.exchange(Request(method, sent.to(url), headers, sent.body), LARGEST, seconds)

    def _let_in(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Ours, and those of a query that are none of ours in another spelling: a server may go by either."""
        others = {name: text for name, text in headers.items() if name.casefold() not in self._own_names}
        return {**others, **self._headers}

    def words(self, body: str) -> str:
        """The server's own, without a secret."""
        return self._words(self.blotter.text(body))

    def message(self, query: str, what: str) -> str:
        text = self.blotter.text(f"{self.name} at {self.shown} {what} (query {clip(query)})")
        return text.encode("utf-8", errors="backslashreplace").decode()


class Question:
    """One to a server, with one deadline however many requests are made for it."""

    def __init__(self, asker: Asker, query: str) -> None:
        self._asker, self._query = asker, query
        self._end = asyncio.get_running_loop().time() + asker.deadline

    async def ask(self, method: Literal["GET", "POST"], url: httpx.URL, sent: Sent = _NOTHING) -> str:
        """The body of an answer with status 200, as it came: whatever is shown of it is to be cleaned before. Raises
        TransientError when there was no answer, and for 429 and 5xx; PermanentError for any other; InvalidError for an
        address that is too long with what is sent."""
        try:
            left = self._end - asyncio.get_running_loop().time()
            received = await self._asker.exchange(method, url, sent, left)
        except httpx.InvalidURL as error:
            raise InvalidError(self.message(f"cannot be asked this: {error}")) from error
        except TooLateError as error:
            raise self._late() from error
        except UnreadableError as error:
            raise PermanentError(self.message(f"answered with a body that cannot be read: {error}")) from error
        except TooLargeError as error:
            raise PermanentError(self.message(f"answered with more than {LARGEST} bytes")) from error
        except NoAnswerError as error:
            raise TransientError(self.message(f"gave no answer: {error}")) from error
        body = received.body.decode("utf-8", errors="replace")
        if received.status == _OK:
            return body
        raise self._refusal(received, body)

    async def reach(self) -> None:
        """Raises when nobody answers at the base, a server in trouble does, or one that does not let us in. That there
        is no page counts as an answer."""
        try:
            await self.ask("GET", self._asker.base)
        except _RefusedError as error:
            if error.status in (401, 403):
                raise

    async def read(self, body: str, reader: Callable[[str], T]) -> T:
        """What *reader* makes of *body*. Raises PermanentError where it raises MalformedError, in the words that it has
        for a body without secrets: those that it had for this one may be cut off within a secret."""
        return self._read(body, reader) if len(body) < _LARGE else await self.read_aside(body, reader)

    async def read_aside(self, body: str, reader: Callable[[str], T]) -> T:
        """As `read`, in a thread and within the deadline, for a *reader* that may take long: others go on meanwhile."""
        try:
            async with asyncio.timeout_at(self._end):
                return await asyncio.to_thread(self._read, body, reader)
        except TimeoutError as error:
            raise self._late() from error

    def answer(self, samples: tuple[Sample, ...], request: str, warnings: tuple[str, ...] = ()) -> Answer:
        return self._asker.blotter.answer(Answer(samples, request, warnings))

    def message(self, what: str) -> str:
        return self._asker.message(self._query, what)

    def _read(self, body: str, reader: Callable[[str], T]) -> T:
        try:
            return reader(body)
        except MalformedError as error:
            raise PermanentError(self.message(self._complaint(body, reader))) from error

    def _late(self) -> TransientError:
        return TransientError(self.message(f"gave no answer in {self._asker.deadline:g} s"))

    def _refusal(self, received: Received, body: str) -> Exception:
        if received.location:
            to = clip(self._asker.blotter.text(received.location))
            what = f"answered {received.status}: a redirect to {to}, and redirects are not followed"
            return PermanentError(self.message(what))
        what = self.message(f"answered {received.status}: {self._asker.words(body)}")
        if received.status >= 500 or received.status == _TOO_MANY_REQUESTS:
            return TransientError(what)
        return _RefusedError(what, received.status)

    def _complaint(self, body: str, reader: Callable[[str], object]) -> str:
        try:
            reader(self._asker.blotter.text(body))
        except MalformedError as error:
            return str(error)
        return "answered with what cannot be read for a secret that stands in it"


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
