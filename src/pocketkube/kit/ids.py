"""Names that nobody chose: unique ids and the random ends of generated names."""

import secrets
import uuid

# Kubernetes' own alphabet for generated names: no vowels, so no words, and nothing that reads alike.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def new_uid() -> str:
    """A random UUID in text form, never used twice."""
    return str(uuid.uuid4())  # noqa: TID251  # The one place where uids are made.


def name_suffix(length: int = 5) -> str:
    """Random letters that may end a DNS label."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
