"""Who may ask: a bearer token, or the session cookie of a page that a one-time code opened."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import HTTPException, Request

from lockgate.kit.clock import Clock
from lockgate.kit.ids import new_secret
from lockgate.ports.tokens import Tokens

CODE_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(hours=12)
_CODE, _SESSION = "code:", "session"


def cookie_of(request: Request) -> str:
    """Browsers send a cookie to every port of a host: each installation on this machine names its own."""
    return f"lockgate-session-{request.url.port or 80}"


@dataclass(frozen=True, slots=True)
class Access:
    tokens: Tokens
    clock: Clock

    async def knows(self, token: str) -> bool:
        """Whether *token* is an API token: neither a session nor a one-time code is one."""
        name = await self.tokens.check(token, self.clock.now())
        return name is not None and name != _SESSION and not name.startswith(_CODE)

    async def require_token(self, request: Request) -> None:
        """A FastAPI dependency. Raises 401."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not await self.knows(token.strip()):
            raise HTTPException(401, "the API token is missing or wrong", {"WWW-Authenticate": "Bearer"})

    async def require_session(self, request: Request) -> None:
        """A FastAPI dependency for pages: the cookie, or a bearer token. Raises 401 with the way in."""
        session = request.cookies.get(cookie_of(request))
        if session and await self.tokens.check(session, self.clock.now()) == _SESSION:
            return
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and await self.knows(token.strip()):
            return
        raise HTTPException(401, "open this page with a fresh link: lockgate get delivery ID")

    async def one_time_code(self, target: str) -> str:
        """A code that opens *target*, a path of ours, once within five minutes."""
        code, now = new_secret(), self.clock.now()
        await self.tokens.add(f"{_CODE}{target}", code, now, now + CODE_LIFE)
        return code

    async def open_with(self, code: str) -> tuple[str, str]:
        """The path that *code* opens and a fresh session. Raises 401 for a spent, expired or unknown code."""
        now = self.clock.now()
        # Checked before it is spent: an API token typed in here must not be lost.
        name = await self.tokens.check(code, now)
        if name is None or not name.startswith(_CODE) or await self.tokens.spend(code, now) is None:
            raise HTTPException(401, "this link was used or is older than 5 minutes: lockgate get delivery ID")
        session = new_secret()
        await self.tokens.add(_SESSION, session, now, now + SESSION_LIFE)
        return name.removeprefix(_CODE), session
