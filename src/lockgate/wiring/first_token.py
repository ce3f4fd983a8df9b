"""The token that an installation starts with: in a file for its user, and as a hash in the database."""

import asyncio
import os
from pathlib import Path

from lockgate.kit.clock import Clock
from lockgate.kit.ids import new_secret
from lockgate.ports.tokens import Tokens

_NAME = "first"


async def first_token(path: Path, tokens: Tokens, clock: Clock) -> None:
    """Made once, readable by the user alone. A file that is gone or was changed gives a new one, and the old token
    opens nothing any more."""
    held = await asyncio.to_thread(_read, path)
    if held and await tokens.check(held, clock.now()):
        return
    token = new_secret()
    await tokens.forget(_NAME)
    await asyncio.to_thread(_write_secret, path, token)
    await tokens.add(_NAME, token, clock.now())


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _write_secret(path: Path, secret: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secret + "\n")
