"""Code blocks and code spans of a page."""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """*title*: the last line of text above it, which names the file where it is one."""

    language: str
    text: str
    title: str


def blocks(page: str) -> list[Block]:
    return [Block(match[1], match[2], _line_above(page[: match.start()])) for match in _BLOCK.finditer(page)]


def spans(page: str) -> list[str]:
    """Code within sentences; blocks are left out."""
    return _SPAN.findall(_BLOCK.sub("", page))


def _line_above(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]
