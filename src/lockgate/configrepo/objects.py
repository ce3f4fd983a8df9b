"""Write blobs, trees and commits into a bare repository: nothing points at them until a branch is moved."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockgate.configrepo.program import run_git
from lockgate.configrepo.snapshot import MODE_FILE, Entry
from lockgate.ports.config_repo import Revision

_MODE_PROGRAM = "100755"


async def write_tree(repository: Path, kept: Sequence[Entry], changes: Mapping[str, str | None]) -> str:
    """The id of a tree with the *kept* entries and, over them, the texts of *changes*; a script stays executable."""
    texts = {path: text for path, text in changes.items() if text is not None}
    # Outside the repository, so that what a killed program leaves is the system's to sweep.
    with tempfile.TemporaryDirectory(prefix="lockgate-") as name:
        scratch = Path(name)
        ids = await _write_blobs(repository, scratch, list(texts.values()))
        programs = {entry.path for entry in kept if entry.mode == _MODE_PROGRAM}
        lines = {entry.path: f"{entry.mode} {entry.id}" for entry in kept}
        for path, id in zip(texts, ids, strict=True):
            lines[path] = f"{_MODE_PROGRAM if path in programs else MODE_FILE} {id}"
        feed = "".join(f"{line}\t{path}\0" for path, line in lines.items()).encode(errors="surrogateescape")
        index = {"GIT_INDEX_FILE": str(scratch / "index")}
        await run_git(repository, "update-index", "-z", "--index-info", feed=feed, more=index)
        return (await run_git(repository, "write-tree", more=index)).text


async def write_commit(repository: Path, tree: str, parent: Revision | None, message: str) -> Revision:
    parents = ("-p", parent) if parent else ()
    feed = message.replace("\0", "").encode(errors="replace") + b"\n"
    return Revision((await run_git(repository, "commit-tree", *parents, tree, feed=feed)).text)


async def _write_blobs(repository: Path, scratch: Path, texts: list[str]) -> list[str]:
    paths = [scratch / str(number) for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    feed = "".join(f"{path}\n" for path in paths).encode()
    return (await run_git(repository, "hash-object", "-w", "--no-filters", "--stdin-paths", feed=feed)).text.split()
