"""Writes the gate's truth table into the docs (`make truth-table`), and reads it back from there."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tests.lockgate.gate.columns import COLUMNS
from tests.lockgate.gate.situations import ROWS
from tests.lockgate.gate.truth import Table, truth_table

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/gate-truth-table.md"
CORNER = "comes back"
HEAD = """# The gate's truth table

What the gate concludes of whatever a [metric source](sources.md) gives it. Each cell was run through the whole gate: a
real server on a socket (or a file) behind the real source, asked by a perfspec with one indicator, `upperWarning` 0.8
and `upperSevere` 1, and judged. [What a gate concludes](gate-semantics.md) has the rules.

- Only where every value is there and was measured may a cell be `pass` or `warning`. Whatever is missing or in trouble
  is `no_data` or `error`, and neither promotes; beside a value at which the gate fails it is `fail`, too, since nothing
  that is missing could mend that.
- A cell that "cannot happen" or "cannot be told" was not run, and says why. What cannot be told is for you to keep
  away: ask over HTTP for values of the window only, with `{start}` and `{end}` in the `url`.
- A source that is away (connection refused, 429, 5xx) is asked again for half a minute first; the cell is what is left.
- `ignoreEmpty` and `onNoData` of the gate's file speak of `no_data`; an `error` stays one whatever they say.

`make truth-table` writes this page. A test runs the table anew each time, and fails when one cell differs from the
page, when a source or a trouble has no column or row here, and when something that is missing would promote.

"""


def page_of(table: Table) -> str:
    titles = [column.title for column in COLUMNS]
    lines = [f"| {' | '.join([CORNER, *titles])} |", f"|{' --- |' * (len(titles) + 1)}"]
    for row in ROWS:
        cells = [_escaped(str(table[row, title])) for title in titles]
        lines.append(f"| {' | '.join([row.value, *cells])} |")
    return HEAD + "\n".join(lines) + "\n"


def cells_of(page: str) -> Mapping[tuple[str, str], str]:
    """(row, title of the column) → cell, as a page has them."""
    head, _, *rows = [_split(line) for line in page.splitlines() if line.startswith("|")]
    return {(row[0], title): cell for row in rows for title, cell in zip(head[1:], row[1:], strict=True)}


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page_of(asyncio.run(truth_table())))
