import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from lockgate.configrepo.git import GitConfigRepo
from lockgate.configrepo.http import GitEndpoint
from lockgate.configrepo.push import Findings
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, Revision

SHOP = ProjectName("shop")
TOKEN = "t0ken-of-this-test"
FILES = {"shipyard.yaml": "stages: []\n", "carts/perfspec/perfspec_prometheus.json": "{}\n"}


@dataclass
class Rules:
    """A validator that tests set up: what it answers, and what it was asked."""

    findings: Findings = field(default_factory=Findings)
    breaks: Exception | None = None
    meanwhile: Callable[[], Awaitable[object]] | None = None
    asked: list[tuple[str, Mapping[str, str], tuple[str, ...]]] = field(default_factory=list)

    async def validate(self, project: ProjectName, files: Mapping[str, str], changed: tuple[str, ...]) -> Findings:
        self.asked.append((project, files, changed))
        if self.meanwhile:
            await self.meanwhile()
        if self.breaks:
            raise self.breaks
        return self.findings


@dataclass
class Result:
    code: int
    output: str


@dataclass
class Installation:
    """A project behind a real server, and a user's machine with a real git."""

    repo: GitConfigRepo
    rules: Rules
    endpoint: str
    home: Path
    moves: list[tuple[str, Revision]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.endpoint}/git/{SHOP}.git"

    @property
    def variables(self) -> dict[str, str]:
        """The user's environment: none of this machine's git configuration."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}

    async def git(self, folder: Path, *arguments: str, token: str = TOKEN) -> Result:
        settings = {
            "credential.helper": f'!f() {{ echo username=u; echo "password={token}"; }}; f',
            "user.name": "Ada",
            "user.email": "ada@localhost",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        program = await asyncio.create_subprocess_exec(
            *("git", *options, *arguments),
            cwd=folder,
            env={**self.variables, "GIT_TERMINAL_PROMPT": "0"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await program.communicate()
        return Result(code=program.returncode or 0, output=output.decode())

    async def clone(self, name: str = "work") -> Path:
        cloned = await self.git(self.home, "clone", self.url, name)
        assert cloned.code == 0, cloned.output
        return self.home / name

    async def commit(self, work: Path, changes: Mapping[str, bytes | str], message: str = "change") -> str:
        for path, content in changes.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(content.encode() if isinstance(content, str) else content)
        added = await self.git(work, "add", ".")
        committed = await self.git(work, "commit", "-m", message)
        assert added.code == committed.code == 0, added.output + committed.output
        return (await self.git(work, "rev-parse", "HEAD")).output.strip()

    async def main(self) -> Revision:
        return await self.repo.head(SHOP, MAIN)


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Installation]:
    repo, rules = GitConfigRepo(tmp_path / "data" / "git"), Rules()
    moves: list[tuple[str, Revision]] = []

    async def authenticate(token: str) -> bool:
        return token == TOKEN

    async def pushed(project: ProjectName, revision: Revision) -> None:
        moves.append((project, revision))

    await repo.create(SHOP, FILES, "Begin")
    home = tmp_path / "home"
    home.mkdir()
    app = Starlette(routes=[Mount("/git", app=GitEndpoint(repo, authenticate, rules.validate, pushed))])
    async with serving(app) as endpoint:
        yield Installation(repo=repo, rules=rules, endpoint=endpoint, home=home, moves=moves)
