"""What may stand in a header of a request (RFC 9110, section 5)."""

import re

from lockgate.domain.errors import InvalidError

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_SHOWN = 80  # characters of a name that goes into a message


def check_header(name: str, value: str) -> None:
    """Raises InvalidError, without repeating the value, which may be a secret."""
    if not _NAME.fullmatch(name):
        raise InvalidError(f"{name[:_SHOWN]!r} is no name of a header: letters, digits and '-'")
    if not _VALUE.fullmatch(value):
        raise InvalidError(f"the value of header {name} holds a line break or a character that no header may hold")
