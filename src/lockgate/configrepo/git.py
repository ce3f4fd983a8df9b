"""Configuration repositories as bare git repositories in one folder."""

import asyncio
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from lockgate.configrepo import changes as rules
from lockgate.configrepo import snapshot
from lockgate.configrepo.objects import write_commit, write_tree
from lockgate.configrepo.program import ask_git, run_git
from lockgate.configrepo.snapshot import Snapshot
from lockgate.domain.errors import ConflictError, NotFoundError, TransientError
from lockgate.domain.names import ProjectName, project_name
from lockgate.ports.config_repo import MAIN, STATE, Revision

_log = logging.getLogger(__name__)

_SUFFIX = ".git"
_UNFINISHED = ".new-"
_COMMITS_BETWEEN_TIDYING = 256
_SECONDS_UNTIL_STALE = 30.0  # git holds the lock of a branch for milliseconds


class GitConfigRepo:
    """ConfigRepo on `<root>/<project>.git`. Several processes may use one root at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._commits = 0

    async def projects(self) -> tuple[ProjectName, ...]:
        return self._projects()

    async def create(self, project: ProjectName, files: Mapping[str, str], message: str) -> Revision:
        target = self.root / f"{project_name(project)}{_SUFFIX}"
        rules.check(files)
        rules.paths_after(frozenset(), files)
        async with self._creating_alone():
            if target.exists():
                raise ConflictError(f"project {project!r} exists already: choose another name")
            unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.root))
            revision = await _make(unfinished, files, message)
            _publish(unfinished, target)
        return revision

    async def head(self, project: ProjectName, branch: str) -> Revision:
        return (await self._tip(project, branch))[0]

    async def files(self, project: ProjectName, revision: Revision, under: str = "") -> Mapping[str, str]:
        return (await self.snapshot(project, revision, under)).files

    async def snapshot(self, project: ProjectName, revision: Revision, under: str = "") -> Snapshot:
        """As files, and what was left out: binary, longer than 1 MiB, a symbolic link, a submodule."""
        repository = self.repository(project)
        held = {entry.path: entry for entry in await snapshot.entries(repository, revision)}
        inside = rules.below(held, under)
        read = await snapshot.read(repository, [held[path] for path in inside])
        return Snapshot(
            files={inside[path]: text for path, text in read.files.items()},
            skipped={inside[path]: reason for path, reason in read.skipped.items()},
        )

    async def commit(
        self,
        project: ProjectName,
        branch: str,
        expected: Revision,
        changes: Mapping[str, str | None],
        message: str,
    ) -> Revision:
        rules.check(changes)
        head, tree_before = await self._tip(project, branch)
        if head != expected:
            raise ConflictError(f"branch {branch} of {project} is at {head}, not at {expected}: read it again")
        repository = self.repository(project)
        held = {entry.path: entry for entry in await snapshot.entries(repository, expected)}
        paths = rules.paths_after(held.keys(), changes)
        tree = await write_tree(repository, [held[path] for path in held if path in paths], changes)
        if tree == tree_before:
            return expected
        revision = await write_commit(repository, tree, expected, message)
        await self._move(project, branch, expected, revision)
        await self._tidy_at_times(repository)
        return revision

    async def ever_held(self, project: ProjectName, path: str, revision: Revision) -> bool:
        repository = self.repository(project)
        await snapshot.check_commit(repository, revision)
        # Full history: the default leaves out a side branch that added and removed the file again.
        search = ("rev-list", "-1", "--full-history", revision, "--", path)
        return bool((await run_git(repository, *search)).text)

    def repository(self, project: ProjectName) -> Path:
        """The bare repository's folder. Raises NotFoundError."""
        projects = self._projects()
        if project not in projects:
            raise NotFoundError("project", project, projects)
        return self.root / f"{project}{_SUFFIX}"

    def _projects(self) -> tuple[ProjectName, ...]:
        if not self.root.is_dir():
            return ()
        names = (path.name for path in self.root.iterdir() if path.name.endswith(_SUFFIX))
        return tuple(sorted(ProjectName(name.removesuffix(_SUFFIX)) for name in names if not name.startswith(".")))

    @asynccontextmanager
    async def _creating_alone(self) -> AsyncIterator[None]:
        """While the lock is held, whatever is unfinished belongs to the dead. The kernel gives it back when we die."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.root / ".creating", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await _lock(lock)
            for leftover in self.root.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
        finally:
            os.close(lock)

    async def _tip(self, project: ProjectName, branch: str) -> tuple[Revision, str]:
        """The branch's commit and that commit's tree."""
        repository = self.repository(project)
        if branch not in (MAIN, STATE):
            raise NotFoundError(f"branch of project {project}", branch, (MAIN, STATE))
        ref = f"refs/heads/{branch}"
        commit = (await run_git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}")).text
        return Revision(commit), (await run_git(repository, "rev-parse", "--verify", f"{commit}^{{tree}}")).text

    async def _move(self, project: ProjectName, branch: str, expected: Revision, revision: Revision) -> None:
        repository, ref = self.repository(project), f"refs/heads/{branch}"
        _remove_stale(repository / f"{ref}.lock")
        moved = await ask_git(repository, "update-ref", ref, revision, expected)
        if moved.code == 0:
            return
        head = await self.head(project, branch)
        if head != expected:
            raise ConflictError(f"branch {branch} of {project} moved from {expected} to {head}: read it again")
        raise TransientError(f"branch {branch} of {project} cannot be moved: {moved.err}")

    async def _tidy_at_times(self, repository: Path) -> None:
        self._commits += 1
        if self._commits % _COMMITS_BETWEEN_TIDYING != 1:  # the first one after a start, then every 256th
            return
        tidied = await ask_git(repository, "gc", "--auto", "--quiet")
        if tidied.code != 0:  # the commit stands: tidying is for speed only
            _log.warning("git gc in %s: %s", repository, tidied.err)


async def _make(repository: Path, files: Mapping[str, str], message: str) -> Revision:
    await run_git(repository, "init", "--quiet", "--bare", "--template=", f"--initial-branch={MAIN}")
    state = await write_commit(repository, await write_tree(repository, (), {}), None, "Begin")
    main = await write_commit(repository, await write_tree(repository, (), files), None, message)
    refs = f"create refs/heads/{STATE} {state}\ncreate refs/heads/{MAIN} {main}\n"
    await run_git(repository, "update-ref", "--stdin", feed=refs.encode())
    return main


def _publish(unfinished: Path, target: Path) -> None:
    """One rename makes the repository visible, whole or not at all."""
    unfinished.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


async def _lock(lock: int) -> None:
    """Wait without a thread: a thread that is waited for no longer would take the lock and keep it."""
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(0.02)


def _remove_stale(lock: Path) -> None:
    """A machine that lost power while git moved a branch leaves its lock behind, and git never takes one over.

    Ages are compared by the file system's own clock, with a file made just now.
    """
    try:
        locked_at = lock.stat().st_mtime
    except FileNotFoundError:
        return
    with tempfile.NamedTemporaryFile(dir=lock.parent, prefix=".now-", suffix=".lock") as now:
        if Path(now.name).stat().st_mtime - locked_at > _SECONDS_UNTIL_STALE:
            lock.unlink(missing_ok=True)
