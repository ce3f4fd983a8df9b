"""The catalogue of images: TOML files that say which local command stands for an image's name."""

import hashlib
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_FIELDS: Mapping[str, tuple[type, str]] = {
    "repository": (str, "text"),
    "tag": (str, "text"),
    "command": (list, "list of texts"),
    "args": (list, "list of texts"),
    "env": (dict, "table of texts"),
}
_STANDARD_REGISTRY = "docker.io/"


class CatalogueError(ValueError):
    """A catalogue file that cannot be used; says which, where in it, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Image:
    """What an image's name stands for: `command` is its ENTRYPOINT, `args` its CMD."""

    repository: str
    tag: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Differs when what is executed differs, as the digest of a real image does."""
        words = json.dumps([self.command, self.args, sorted(self.env.items())])
        return f"{self.repository}@sha256:{hashlib.sha256(words.encode()).hexdigest()}"


class Catalogue:
    """All images of several files; a later file goes before an earlier one, in a file the first match wins.

    Files are read again when they change. One that became unusable is set aside with its last good contents kept,
    and `complaint` says what is wrong with it; a file that does not exist (yet) is an empty one.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        """CatalogueError for a file that is there and cannot be used."""
        self._complaints: dict[Path, str] = {}
        self._files = [path.absolute() for path in files]
        self._seen = {path: _signature(path) for path in self._files}
        self._images = {path: read_images(path) for path in self._files}

    @property
    def complaint(self) -> str:
        return "; ".join(self._complaints.values())

    def find(self, name: str) -> Image | None:
        """The image for a name as a pod's spec has it, such as docker.io/keptnexamples/carts:0.6.1."""
        self._refresh()
        repository, tag = split_name(name)
        repository = _short(repository)
        for path in reversed(self._files):
            for image in self._images[path]:
                if image.repository == repository and fnmatchcase(tag, image.tag):
                    return image
        return None

    def advice(self, name: str) -> str:
        """The sentence for a user whose image is not here."""
        place = self._files[-1] if self._files else Path("images.toml")
        repository = split_name(name)[0]
        tags = [one.tag for images in self._images.values() for one in images if one.repository == _short(repository)]
        known = f" (its tags there: {', '.join(sorted(set(tags)))})" if tags else ""
        complaint = f"{self.complaint}, so what it held before is in force; " if self.complaint else ""
        return (
            f'{complaint}image "{name}" is not in the catalogue{known}: add an [[image]] with repository = '
            f'"{repository}"{" and a tag that matches" if tags else ""} to {place}'
        )

    def _refresh(self) -> None:
        for path in self._files:
            signature = _signature(path)
            if signature == self._seen[path]:
                continue
            self._seen[path] = signature
            try:
                self._images[path] = read_images(path)
                self._complaints.pop(path, None)
            except CatalogueError as error:
                self._complaints[path] = str(error)


def split_name(name: str) -> tuple[str, str]:
    """(repository, tag) of an image's name; the tag is "latest" unless given, a digest is left out."""
    rest = name.partition("@")[0]
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return f"{head}{slash}{last}", tag or "latest"


def read_images(path: Path) -> tuple[Image, ...]:
    """The images of one file, () when there is none. CatalogueError."""
    try:
        with path.open("rb") as file:
            document = tomllib.load(file)
    except FileNotFoundError:
        return ()
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path}: {error}") from error
    unknown = sorted(document.keys() - {"image"})
    if unknown:
        raise CatalogueError(f'{path}: unknown "{unknown[0]}"; the file holds [[image]] tables only')
    tables = document.get("image", [])
    if not isinstance(tables, list):
        raise CatalogueError(f"{path}: write [[image]] with two brackets: there may be several")
    return tuple(_image(table, f"{path}: image {number}") for number, table in enumerate(tables, start=1))


def _image(table: Mapping[str, Any], where: str) -> Image:
    for name, value in table.items():
        if name not in _FIELDS:
            raise CatalogueError(f'{where}: unknown field "{name}"; known are {", ".join(_FIELDS)}')
        if not isinstance(value, _FIELDS[name][0]):
            raise CatalogueError(f"{where}: {name} must be a {_FIELDS[name][1]}, and is {value!r}")
    if not table.get("repository") or not table.get("command"):
        raise CatalogueError(f"{where}: repository and command are both needed")
    if split_name(table["repository"])[1] != "latest" or "@" in table["repository"]:
        raise CatalogueError(f"{where}: repository {table['repository']!r} has a tag in it; give it as tag")
    env = table.get("env", {})
    for name, value in env.items():
        if not isinstance(value, str):
            raise CatalogueError(f'{where}: env {name} must be a text, and is {value!r}; write "{value}"')
    return Image(
        repository=_short(table["repository"]),
        tag=table.get("tag", "*"),
        command=_argv(table["command"], f"{where}: command"),
        args=_argv(table.get("args", []), f"{where}: args"),
        env=dict(env),
    )


def _argv(words: Sequence[Any], where: str) -> tuple[str, ...]:
    for word in words:
        if not isinstance(word, str):
            raise CatalogueError(f"{where} must be a list of texts, and has {word!r} in it")
    return tuple(word.replace("{python}", sys.executable) for word in words)


def _short(repository: str) -> str:
    return repository.removeprefix(_STANDARD_REGISTRY).removeprefix("library/")


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
