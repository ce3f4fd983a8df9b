"""Serve `/<project>.git` over git's smart HTTP, for fetch and push only: an ASGI application to be mounted at /git."""

import base64
import binascii
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from lockgate.configrepo.backend import Backend, Headers, Message, Receive, backend, running
from lockgate.configrepo.git import GitConfigRepo
from lockgate.configrepo.hook import converse, install_hook
from lockgate.configrepo.program import environment
from lockgate.configrepo.push import Answer, RefUpdate, Validate, judge_push
from lockgate.domain.errors import NotFoundError, TransientError
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, Revision

_log = logging.getLogger(__name__)

Send = Callable[[Message], Awaitable[None]]
Authenticate = Callable[[str], Awaitable[bool]]
Pushed = Callable[[ProjectName, Revision], Awaitable[None]]

_FETCH, _PUSH = "git-upload-pack", "git-receive-pack"
_ROUTE = re.compile(rf"/([a-z0-9][-a-z0-9]*)\.git/(info/refs|{_FETCH}|{_PUSH})")
_PROTOCOL = re.compile(r"[-a-z0-9=:.]{1,100}")
_SETTINGS = {
    "http.receivepack": "true",
    "receive.fsckObjects": "true",
    "receive.maxInputSize": str(100 * 1024 * 1024),
}


@dataclass(frozen=True, slots=True)
class _Request:
    project: ProjectName
    action: str
    service: str
    method: str
    headers: Mapping[str, str]

    @property
    def is_push(self) -> bool:
        return self.action == _PUSH


class _RefusedError(Exception):
    """An answer on its way out."""

    def __init__(self, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
        self.status, self.text, self.headers = status, text, headers
        super().__init__(text)


class GitEndpoint:
    """*authenticate* says whether a token is good (Basic with any user, or Bearer); *validate* is asked before `main`
    moves by a push; *pushed* is told after it has moved, before the user's git ends."""

    def __init__(
        self, repo: GitConfigRepo, authenticate: Authenticate, validate: Validate, pushed: Pushed | None = None
    ) -> None:
        self._repo, self._authenticate, self._validate, self._pushed = repo, authenticate, validate, pushed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await self._check_token(_headers(scope))
            await self._serve(_parse(scope), receive, send)
        except _RefusedError as refusal:
            await _answer(send, refusal.status, refusal.text, refusal.headers)
        except NotFoundError as error:
            await _answer(send, 404, str(error))
        except TransientError as error:
            _log.warning("git endpoint: %s", error)
            await _answer(send, 503, str(error))

    async def _check_token(self, headers: Mapping[str, str]) -> None:
        token = _token(headers.get("authorization", ""))
        if token is None or not await self._authenticate(token):
            raise _RefusedError(
                401,
                "Lockgate does not know this token. Run: lockgate auth, and clone with: lockgate clone PROJECT",
                (b"www-authenticate", b'Basic realm="lockgate", charset="UTF-8"'),
            )

    async def _serve(self, request: _Request, receive: Receive, send: Send) -> None:
        self._repo.repository(request.project)  # raises NotFoundError
        hooks = {"core.hooksPath": str(install_hook(self._repo.root))}
        variables = environment(settings={**_SETTINGS, **hooks}, more=self._variables(request))
        if not request.is_push:
            async with backend(variables) as program:
                await _stream(program, receive, send, watch=True)
                await _end(send)
            return
        await self._serve_push(request, variables, receive, send)

    async def _serve_push(self, request: _Request, variables: dict[str, str], receive: Receive, send: Send) -> None:
        repository = self._repo.repository(request.project)
        answers: list[Answer] = []

        async def judge(updates: Sequence[RefUpdate], quarantine: Mapping[str, str]) -> Answer:
            answer = await judge_push(request.project, repository, updates, quarantine, self._validate)
            answers.append(answer)
            return answer

        ours, theirs = socket.socketpair()
        with ours, theirs:
            variables["LOCKGATE_PUSH"] = str(theirs.fileno())
            async with running(converse(ours, judge)), backend(variables, inherited=(theirs.fileno(),)) as program:
                theirs.close()  # from here on only git holds it, and its end is seen as the end
                await _stream(program, receive, send, watch=False)
                await self._tell(request.project, answers)
                await _end(send)

    async def _tell(self, project: ProjectName, answers: Sequence[Answer]) -> None:
        """Accepted is not yet moved: another push, or a commit of Lockgate's, may have been faster."""
        main = next((answer.main for answer in answers if answer.main), None)
        if self._pushed is None or main is None:
            return
        try:
            if await self._repo.head(project, MAIN) == main:
                await self._pushed(project, main)
        except Exception:  # the push stands, whatever its listener makes of it
            _log.exception("the listener to pushes to %s broke", project)

    def _variables(self, request: _Request) -> dict[str, str]:
        """The CGI variables, RFC 3875; nothing of the request gets in but what is listed here."""
        variables = {
            "GIT_PROJECT_ROOT": str(self._repo.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{request.project}.git/{request.action}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": f"service={request.service}" if request.action == "info/refs" else "",
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        length, encoding = request.headers.get("content-length", ""), request.headers.get("content-encoding", "")
        if length.isdecimal():  # a chunked body has none, and is read to its end
            variables["CONTENT_LENGTH"] = length
        if encoding:
            variables["HTTP_CONTENT_ENCODING"] = encoding
        protocol = request.headers.get("git-protocol", "")
        if _PROTOCOL.fullmatch(protocol):
            variables["GIT_PROTOCOL"] = protocol
        return variables


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _token(authorization: str) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _parse(scope: Message) -> _Request:
    path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
    route = _ROUTE.fullmatch(path)
    if route is None:
        raise _RefusedError(404, f"{path!r} is not here: this is the git endpoint, <project>.git")
    project, action = ProjectName(route[1]), route[2]
    service = action
    if action == "info/refs":
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("service", [""])
        service = asked[0]
        if len(asked) != 1 or service not in (_FETCH, _PUSH):
            raise _RefusedError(
                403, f"service {service!r} is not served: use git 1.6.6 or newer, which speaks smart HTTP"
            )
    method = "GET" if action == "info/refs" else "POST"
    if scope["method"] != method:
        raise _RefusedError(
            405, f"{action} is asked with {method}, not with {scope['method']}", (b"allow", method.encode())
        )
    headers = _headers(scope)
    if headers.get("content-encoding", "gzip") not in ("gzip", "x-gzip"):
        raise _RefusedError(
            415, f"content-encoding {headers['content-encoding']!r} is not understood: known are gzip, x-gzip"
        )
    return _Request(project=project, action=action, service=service, method=method, headers=headers)


async def _stream(program: Backend, receive: Receive, send: Send, *, watch: bool) -> None:
    """*watch*: stop when the client goes away. Not for a push: what is complete is brought to its end."""

    async def feed() -> None:
        await program.feed(receive)
        if watch:
            await program.end_with(receive)

    async with running(feed()):
        status, headers = await program.head()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for chunk in program.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _answer(send: Send, status: int, text: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    body = f"{text}\n".encode()
    plain: Headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": body, "more_body": False})
