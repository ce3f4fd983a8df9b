"""`clone`: a project's configuration as a git clone that is ready to push."""

import os
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.client import client
from lockgate.cli.clone import clone
from lockgate.cli.credentials import credentials_file
from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, asking
from lockgate.domain.names import project_name


@asking(output=False)
def clone_project(
    manner: Manner,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Name of the project.")],
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIRECTORY", help="Default: a new folder called like the project.")
    ] = None,
) -> None:
    """Clone a project's configuration; `git push` then works, and the token is in no URL."""
    client(manner).get(f"/v1/projects/{project_name(project)}")  # names the known ones, where git says "not found"
    wanted = directory or Path(project)
    if wanted.is_file() or (wanted.is_dir() and any(wanted.iterdir())):  # git takes an empty folder
        there = "not empty" if wanted.is_dir() else "a file"
        message = f"{wanted} is there and {there}: name another folder: lockgate clone {project} DIRECTORY"
        raise End(Ending.USAGE, message)
    target = clone(project, directory, credentials_file(), os.environ)
    manner.say(f"Cloned project {project} into {target}: edit, then git add, git commit and git push")
