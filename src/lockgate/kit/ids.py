"""Fresh ids, and ids derived from what they name."""

import secrets
import uuid

_NAMESPACE = uuid.UUID("6f1d7f6a-4b0e-5d0c-9d0a-1c0b6a5e4f3d")


def new_id() -> str:
    """A fresh random id (UUID 4)."""
    return str(uuid.uuid4())  # noqa: TID251  # this is the door that the rule points to


def derived_id(*parts: str) -> str:
    """The same parts give the same id (UUID 5), so that a repeated step writes no second event."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def new_secret() -> str:
    """A token of 256 random bits in URL-safe text."""
    return secrets.token_urlsafe(32)
