"""Answers as a table, JSON or YAML."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Any

import typer
import yaml
from rich.cells import cell_len

_GAP = "   "


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def show(answer: Any, format_: Format, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """*answer* is printed whole as JSON or YAML; a table shows *rows* alone."""
    escaped = not _speaks_unicode()
    match format_:
        case Format.JSON:
            typer.echo(json.dumps(answer, indent=2, ensure_ascii=escaped))
        case Format.YAML:
            typer.echo(yaml.safe_dump(answer, sort_keys=False, allow_unicode=not escaped).rstrip())
        case Format.TABLE:
            for line in table(columns, rows):
                typer.echo(line)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines with columns as wide as their widest cell: nothing is cut, so that a script can read an id from a pipe."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip_longest(*cells, fillvalue="")]
    return [_line(row, widths) for row in cells]


def printable(text: str) -> str:
    """Without the control characters that a log or a reason may carry and that a terminal would obey."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def number(value: Any) -> str:
    """A score or an amount; NaN and the infinities come as texts."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _cell(value: object) -> str:
    return " ".join(printable(str(value)).split("\n")) if value is not None else ""


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
    return _GAP.join(padded).rstrip()


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
