"""What is refused before any route is looked up: strange hosts, origins (DNS rebinding, CSRF) and huge bodies."""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lockgate.api.errors import problem

MOST_BYTES = 4 * 1024 * 1024
_GIT = "/git/"  # pushes are as large as they are; git's own door limits them


class Guard:
    """*hosts*: names under which we are reached, without port."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal:
            status, why = refusal
            await problem(status, why)(scope, receive, send)
            return
        await self._app(scope, receive if scope["path"].startswith(_GIT) else _limited(receive), send)

    def _refusal(self, headers: Headers, path: str) -> tuple[int, str] | None:
        host = _name_in(headers.get("host", ""))
        if host not in self._hosts:
            return 400, f"unknown Host {host!r}: this server answers as {', '.join(sorted(self._hosts))}"
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers.get('host')}":
            return 403, f"requests from {origin!r} are not taken"
        length = headers.get("content-length", "0")
        if not path.startswith(_GIT) and length.isdigit() and int(length) > MOST_BYTES:
            return 413, f"the body has {length} bytes and may have {MOST_BYTES}"
        return None


def _name_in(host: str) -> str:
    """Without the port; empty when *host* is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _limited(receive: Receive) -> Receive:
    """A body without a declared length is refused where it is read, as soon as it is too large."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise HTTPException(413, f"the body has more than {MOST_BYTES} bytes")
        return message

    return counted
