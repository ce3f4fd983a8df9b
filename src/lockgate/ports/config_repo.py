"""Git: one repository a project. Branch `main` is the users', branch `state` is Lockgate's."""

from collections.abc import Mapping
from typing import NewType, Protocol

from lockgate.domain.names import ProjectName

Revision = NewType("Revision", str)

MAIN = "main"
STATE = "state"


class ConfigRepo(Protocol):
    """Every method raises NotFoundError for an unknown project and TransientError when git itself fails."""

    async def projects(self) -> tuple[ProjectName, ...]: ...

    async def create(self, project: ProjectName, files: Mapping[str, str], message: str) -> Revision:
        """A new repository with *files* on `main` and an empty `state`. ConflictError when the name is taken."""
        ...

    async def head(self, project: ProjectName, branch: str) -> Revision: ...

    async def files(self, project: ProjectName, revision: Revision, under: str = "") -> Mapping[str, str]:
        """Paths below *under* (relative to it) → text."""
        ...

    async def commit(
        self,
        project: ProjectName,
        branch: str,
        expected: Revision,
        changes: Mapping[str, str | None],
        message: str,
    ) -> Revision:
        """Compare-and-swap: ConflictError when *branch* is no longer at *expected*. None deletes a path.
        Changes that leave the tree as it is make no commit and give *expected* back."""
        ...

    async def ever_held(self, project: ProjectName, path: str, revision: Revision) -> bool:
        """Whether *revision* or any commit before it held *path*: what came later has no part in the answer."""
        ...
