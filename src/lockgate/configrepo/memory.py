"""Configuration repositories in memory, with their history."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lockgate.configrepo import changes as rules
from lockgate.domain.errors import ConflictError, NotFoundError
from lockgate.domain.names import ProjectName, project_name
from lockgate.ports.config_repo import MAIN, STATE, Revision


@dataclass(frozen=True, slots=True)
class _Commit:
    parent: Revision | None
    files: Mapping[str, str]
    message: str

    @property
    def revision(self) -> Revision:
        text = repr((self.parent, sorted(self.files.items()), self.message))
        return Revision(hashlib.sha256(text.encode()).hexdigest()[:40])


@dataclass(slots=True)
class _Repository:
    commits: dict[Revision, _Commit] = field(default_factory=dict)
    branches: dict[str, Revision] = field(default_factory=dict)

    def add(self, branch: str, commit: _Commit) -> Revision:
        self.commits[commit.revision] = commit
        self.branches[branch] = commit.revision
        return commit.revision


class MemoryConfigRepo:
    """ConfigRepo without git. No method waits in the middle, so each is atomic on one event loop."""

    def __init__(self) -> None:
        self._repositories: dict[ProjectName, _Repository] = {}

    async def projects(self) -> tuple[ProjectName, ...]:
        return tuple(sorted(self._repositories))

    async def create(self, project: ProjectName, files: Mapping[str, str], message: str) -> Revision:
        project_name(project)
        rules.check(files)
        rules.paths_after(frozenset(), files)
        if project in self._repositories:
            raise ConflictError(f"project {project!r} exists already: choose another name")
        repository = _Repository()
        repository.add(STATE, _Commit(parent=None, files={}, message="Begin"))
        revision = repository.add(MAIN, _Commit(parent=None, files=dict(files), message=message))
        self._repositories[project] = repository
        return revision

    async def head(self, project: ProjectName, branch: str) -> Revision:
        return self._head(project, branch)

    async def files(self, project: ProjectName, revision: Revision, under: str = "") -> Mapping[str, str]:
        files = self._commit(project, revision).files
        return {relative: files[path] for path, relative in rules.below(files, under).items()}

    async def commit(
        self,
        project: ProjectName,
        branch: str,
        expected: Revision,
        changes: Mapping[str, str | None],
        message: str,
    ) -> Revision:
        rules.check(changes)
        head = self._head(project, branch)
        if head != expected:
            raise ConflictError(f"branch {branch} of {project} is at {head}, not at {expected}: read it again")
        before = self._commit(project, expected).files
        paths = rules.paths_after(before.keys(), changes)
        written = {path: text for path, text in changes.items() if text is not None}
        after = {path: text for path, text in {**before, **written}.items() if path in paths}
        if after == before:
            return expected
        return self._repository(project).add(branch, _Commit(parent=expected, files=after, message=message))

    async def ever_held(self, project: ProjectName, path: str, revision: Revision) -> bool:
        folder = path + "/"
        return any(
            held == path or held.startswith(folder)
            for commit in self._history(project, revision)
            for held in commit.files
        )

    def _history(self, project: ProjectName, revision: Revision) -> Iterator[_Commit]:
        at: Revision | None = revision
        while at is not None:
            commit = self._commit(project, at)
            yield commit
            at = commit.parent

    def _repository(self, project: ProjectName) -> _Repository:
        if project not in self._repositories:
            raise NotFoundError("project", project, self._repositories)
        return self._repositories[project]

    def _head(self, project: ProjectName, branch: str) -> Revision:
        branches = self._repository(project).branches
        if branch not in branches:
            raise NotFoundError(f"branch of project {project}", branch, branches)
        return branches[branch]

    def _commit(self, project: ProjectName, revision: Revision) -> _Commit:
        commits = self._repository(project).commits
        if revision not in commits:
            raise NotFoundError(f"revision of project {project}", revision, (MAIN, STATE))
        return commits[revision]
