"""`version`."""

from importlib import metadata

import typer

from lockgate.cli.manner import Manner, local


@local
def version(manner: Manner) -> None:
    """The version of this program."""
    typer.echo(f"CLI version: {metadata.version('lockgate')}")
