"""Read the files of one revision: text of a sane size; what is left out is listed with the reason."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lockgate.configrepo.changes import LONGEST_FILE
from lockgate.configrepo.program import ask_git, run_git
from lockgate.domain.errors import NotFoundError, TransientError
from lockgate.ports.config_repo import MAIN, STATE, Revision

MODE_FILE = "100644"
_READABLE_MODES = frozenset({MODE_FILE, "100755", "100664"})
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}
_REVISION = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree. *size* in bytes, 0 for what is no blob."""

    path: str
    mode: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Path → text, and path → why it was not read."""

    files: Mapping[str, str]
    skipped: Mapping[str, str]


async def entries(repository: Path, revision: Revision, more: Mapping[str, str] | None = None) -> tuple[Entry, ...]:
    """Every file at *revision*, folders taken apart. *more* is environment, such as a push's quarantine.

    Raises NotFoundError for what is no commit of this repository.
    """
    await check_commit(repository, revision, more)
    listing = await run_git(repository, "ls-tree", "-r", "-z", "-l", "--full-tree", revision, more=more)
    return tuple(_entry(line) for line in listing.out.split(b"\0") if line)


async def check_commit(repository: Path, revision: Revision, more: Mapping[str, str] | None = None) -> None:
    """Raises NotFoundError for what is no commit of this repository."""
    if _REVISION.fullmatch(revision):
        found = await ask_git(repository, "cat-file", "-e", f"{revision}^{{commit}}", more=more)
        if found.code == 0:
            return
    raise NotFoundError(f"revision of project {repository.stem}", revision, (MAIN, STATE))


async def read(repository: Path, wanted: Iterable[Entry], more: Mapping[str, str] | None = None) -> Snapshot:
    """The text of the *wanted* entries."""
    skipped, readable = dict[str, str](), list[Entry]()
    for entry in wanted:
        reason = _unreadable(entry)
        if reason:
            skipped[entry.path] = reason
        else:
            readable.append(entry)
    files = dict[str, str]()
    contents = await _contents(repository, readable, more)
    for entry, content in zip(readable, contents, strict=True):
        try:
            files[entry.path] = _text(content)
        except ValueError:
            skipped[entry.path] = "it is binary, not UTF-8 text"
    return Snapshot(files=files, skipped=skipped)


def _entry(line: bytes) -> Entry:
    facts, _, path = line.partition(b"\t")
    mode, _, id, size = facts.decode().split()
    return Entry(path=path.decode(errors="surrogateescape"), mode=mode, id=id, size=0 if size == "-" else int(size))


def _unreadable(entry: Entry) -> str:
    if entry.mode not in _READABLE_MODES:
        return f"it is {_KINDS.get(entry.mode, f'of mode {entry.mode}')}"
    if entry.size > LONGEST_FILE:
        return f"it has {entry.size} bytes, more than {LONGEST_FILE}"
    if not entry.path.isprintable():  # surrogates, which stand for bytes that are no UTF-8, are not printable
        return "its name is not printable UTF-8"
    return ""


def _text(content: bytes) -> str:
    if b"\0" in content:
        raise ValueError("a NUL byte")
    return content.decode()


async def _contents(repository: Path, wanted: list[Entry], more: Mapping[str, str] | None) -> Iterator[bytes]:
    if not wanted:
        return iter(())
    feed = "".join(f"{entry.id}\n" for entry in wanted).encode()
    answer = (await run_git(repository, "cat-file", "--batch", feed=feed, more=more)).out
    return _cut(repository, answer)


def _cut(repository: Path, answer: bytes) -> Iterator[bytes]:
    """`<id> blob <size>\\n<content>\\n` for each, see git-cat-file(1) under BATCH OUTPUT."""
    start = 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        header = answer[start:end].split()
        if len(header) != 3 or header[1] != b"blob":
            raise TransientError(f"git cat-file in {repository} answered {answer[start:end]!r}")
        size = int(header[2])
        yield answer[end + 1 : end + 1 + size]
        start = end + 1 + size + 1
