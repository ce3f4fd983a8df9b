"""Option `--label`, which may be repeated."""

from collections.abc import Sequence
from typing import Annotated

import typer

from lockgate.cli.ending import End, Ending
from lockgate.domain.labels import Labels, read_labels

Labelled = Annotated[
    list[str] | None, typer.Option("--label", help="NAME=VALUE, for queries to select by; may be repeated.")
]


def labels_given(texts: Sequence[str]) -> Labels:
    """Ends the command where one is no label, or a name comes twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name in found:
            raise End(Ending.USAGE, f"--label {text!r}: write NAME=VALUE, each name once")
        found[name] = value
    return read_labels(found)
