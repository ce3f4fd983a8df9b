"""Clone a project's configuration so that plain `git add . && git commit && git push` work from there on."""

import getpass
import ipaddress
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lockgate.cli.credentials import Credentials, load
from lockgate.domain.errors import PermanentError
from lockgate.domain.names import project_name


def clone(project: str, directory: Path | None, credentials_file: Path, environment: Mapping[str, str]) -> Path:
    """Clone into *directory* (a new folder called like the project, when None) with the user's own git, and return it.

    The token stays in *credentials_file*, which the clone's credential helper reads each time. *environment* is the
    process's. Raises InvalidError for a bad name, PermanentError with git's own words.
    """
    name = project_name(project)
    credentials = load(credentials_file)
    target = directory if directory is not None else Path(name)
    variables = {**environment, "GIT_TERMINAL_PROMPT": "0"}  # a refused token shall be an error, not a question
    settings = [
        argument for key, value in _settings(credentials, credentials_file) for argument in ("-c", f"{key}={value}")
    ]
    url = f"{credentials.endpoint}/git/{name}.git"
    _git(variables, "clone", "--quiet", "--origin=origin", "--branch=main", *settings, "--", url, str(target))
    _give_identity(variables, target)
    return target


def _settings(credentials: Credentials, file: Path) -> list[tuple[str, str]]:
    """For the clone's own configuration. git takes the first empty helper as: forget those configured so far, or one
    in the user's global configuration would be given the token to keep."""
    origin = credentials.origin
    # -P: git runs this in the working tree, whose files must not be imported as modules.
    words = (sys.executable, "-P", "-m", "lockgate.cli.credential", "--file", str(file.absolute()))
    settings = [
        (f"credential.{origin}.helper", ""),
        (f"credential.{origin}.helper", f"!{shlex.join(words)}"),
        ("push.default", "simple"),
    ]
    if _is_loopback(urlsplit(origin).hostname or ""):
        settings.append((f"http.{origin}.proxy", ""))  # no proxy of the environment can reach this machine for us
    return settings


def _give_identity(environment: Mapping[str, str], target: Path) -> None:
    """A name and an address to commit with, in this clone only, where the user has configured none."""
    login = _login()
    for key, fallback in (("user.name", login), ("user.email", f"{login}@localhost")):
        if not _asked(environment, target, key):
            _git(environment, "-C", str(target), "config", "--local", key, fallback)


def _asked(environment: Mapping[str, str], target: Path, key: str) -> str:
    asked = ["git", "-C", str(target), "config", "--get", key]
    return subprocess.run(asked, env=environment, capture_output=True, text=True, check=False).stdout.strip()


def _git(environment: Mapping[str, str], *arguments: str) -> None:
    try:
        subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=True)
    except FileNotFoundError as error:
        raise PermanentError("the program git is not on PATH: install git") from error
    except subprocess.CalledProcessError as error:
        words = str(error.stderr).strip() or f"exit code {error.returncode}"
        raise PermanentError(f"git {arguments[0]} failed: {words}") from error


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in many containers
        return f"user-{os.getuid()}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
