"""Numbers that come in as text, from the environment or a URL, and their bounds."""

MAX_DELAY_MS = 60_000


class SettingsError(ValueError):
    """An environment variable, or a switch, has a value that cannot be used."""


def whole_number(what: str, text: str, *, highest: int) -> int:
    """Plain digits, 0 to *highest*. Raises SettingsError, which names *what*."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and int(text) <= highest:
        return int(text)
    raise SettingsError(f"{what} is {text[:40]!r}: it must be a whole number from 0 to {highest}")
