"""API tokens, stored hashed, and one-time codes that open a page."""

from datetime import datetime
from typing import Protocol


class Tokens(Protocol):
    async def add(self, name: str, token: str, now: datetime, expires_at: datetime | None = None) -> None:
        """Store the SHA-256 of *token* only."""
        ...

    async def forget(self, name: str) -> None:
        """No token that was stored under *name* opens anything any more."""
        ...

    async def check(self, token: str, now: datetime) -> str | None:
        """The name it was stored under; None for an unknown or expired one. Compares in constant time."""
        ...

    async def spend(self, token: str, now: datetime) -> str | None:
        """As check, and the token is gone: for one-time codes. Of two at once, one gets the name."""
        ...
