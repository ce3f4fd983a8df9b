"""What may be written to a repository, and which paths a tree holds afterwards: the same rules for git and memory."""

from collections.abc import Iterable, Mapping, Set

from lockgate.domain.errors import InvalidError

LONGEST_FILE = 1024 * 1024
"""Bytes of UTF-8. A longer file is not configuration: it is neither written nor read."""


def check(changes: Mapping[str, str | None]) -> None:
    """Raises InvalidError for a path that git or a checkout could misunderstand, and for text that could not be
    read back: with a NUL, with lone surrogates, or longer than LONGEST_FILE."""
    for path, text in changes.items():
        _check_path(path)
        if text is not None:
            _check_text(path, text)


def paths_after(held: Set[str], changes: Mapping[str, str | None]) -> frozenset[str]:
    """Raises InvalidError where a path would be both a file and a folder, which git would settle by dropping files."""
    removed = {path for path, text in changes.items() if text is None}
    paths = frozenset((held - removed) | (changes.keys() - removed))
    for path in changes.keys() - removed:
        for folder in _folders(path):
            if folder in paths:
                raise InvalidError(f"{path!r} cannot be written: {folder!r} is a file, not a folder")
    folders = {folder for path in paths for folder in _folders(path)}
    for path in changes.keys() - removed:
        if path in folders:
            raise InvalidError(f"{path!r} cannot be written as a file: it is a folder with files in it")
    return paths


def below(paths: Iterable[str], under: str) -> dict[str, str]:
    """Path → path relative to the folder *under*, for those below it; all of them when *under* is empty."""
    prefix = under.strip("/") + "/" if under.strip("/") else ""
    return {path: path[len(prefix) :] for path in paths if path.startswith(prefix)}


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _check_path(path: str) -> None:
    parts = path.split("/")
    well_formed = all(part not in ("", ".", "..") and part.lower() != ".git" for part in parts)
    if not well_formed or not path.isprintable() or "\\" in path:
        raise InvalidError(
            f"path {path!r} is not well-formed: use names joined by single slashes, relative to the repository, "
            "without '.', '..', '.git', backslashes and control characters"
        )


def _check_text(path: str, text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidError(f"{path}: the text is no valid Unicode ({error.reason})") from error
    if "\0" in text:
        raise InvalidError(f"{path}: the text holds a NUL character, which makes it a binary file")
    if size > LONGEST_FILE:
        raise InvalidError(f"{path} has {size} bytes and may have {LONGEST_FILE}")
