"""The form in which a secret is stored."""

import hashlib


def digest(token: str) -> str:
    """SHA-256 in hex. A token has 256 random bits (kit/ids.py), so no slow hash is needed against guessing."""
    return hashlib.sha256(token.encode()).hexdigest()
