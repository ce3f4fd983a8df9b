import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lockgate.configrepo.git import GitConfigRepo
from lockgate.domain.errors import TransientError
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, STATE, ConfigRepo, Revision
from lockgate.testing.contracts.config_repo import ConfigRepoContract

SHOP = ProjectName("shop")

_CREATE = """
import asyncio, sys
from pathlib import Path
from lockgate.configrepo.git import GitConfigRepo
asyncio.run(GitConfigRepo(Path(sys.argv[1])).create("shop", {f"file{n}": "x" * n for n in range(50)}, "Begin"))
"""


class TestGit(ConfigRepoContract):
    @pytest.fixture
    def repo(self, tmp_path: Path) -> ConfigRepo:
        return GitConfigRepo(tmp_path / "git")


def _git(folder: Path, *arguments: str, feed: str = "") -> str:
    command = ["git", f"--git-dir={folder}", "-c", "user.name=a", "-c", "user.email=a@localhost", *arguments]
    return subprocess.run(command, input=feed, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "moment", [".creating", ".new-*", ".new-*/HEAD", ".new-*/objects/??", ".new-*/refs/heads/*", "shop.git"]
)
async def test_a_creation_that_is_killed_leaves_all_or_nothing(tmp_path: Path, moment: str) -> None:
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", _CREATE, str(tmp_path))
    async with asyncio.timeout(60):
        await _until(lambda: program.returncode is not None or any(tmp_path.glob(moment)))
    if program.returncode is None:
        program.send_signal(signal.SIGKILL)
    await program.wait()
    repo = GitConfigRepo(tmp_path)
    if not await repo.projects():
        await repo.create(SHOP, {f"file{n}": "x" * n for n in range(50)}, "Begin")
    assert len(await repo.files(SHOP, await repo.head(SHOP, MAIN))) == 50
    assert await repo.files(SHOP, await repo.head(SHOP, STATE)) == {}
    assert "error" not in _git(repo.repository(SHOP), "fsck", "--strict")


async def test_what_a_killed_creation_left_is_swept_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".new-left" / "objects").mkdir(parents=True)
    repo = GitConfigRepo(tmp_path)
    assert await repo.projects() == ()
    await repo.create(SHOP, {}, "Begin")
    assert not (tmp_path / ".new-left").exists()


async def test_what_is_committed_is_a_sound_git_repository(tmp_path: Path) -> None:
    repo = GitConfigRepo(tmp_path)
    first = await repo.create(SHOP, {"a/b": "1"}, "Begin")
    await repo.commit(SHOP, MAIN, first, {"a/c": "2"}, "delivery 42: carts\n\nbody")
    folder = repo.repository(SHOP)
    assert "error" not in _git(folder, "fsck", "--strict")
    log = _git(folder, "log", "--format=%an <%ae> %s", "main")
    assert log == "Lockgate <lockgate@localhost> delivery 42: carts\nLockgate <lockgate@localhost> Begin\n"
    assert _git(folder, "symbolic-ref", "HEAD") == "refs/heads/main\n"


async def test_the_users_git_configuration_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".config/git").mkdir(parents=True)
    (home / ".gitconfig").write_text("[user]\n name = Eve\n[core]\n autocrlf = true\n[init]\n defaultBranch = trunk\n")
    (home / ".config/git/attributes").write_text("* text eol=crlf\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    repo = GitConfigRepo(tmp_path / "git")
    revision = await repo.create(SHOP, {"a": "1\r\n2\n"}, "Begin")
    assert await repo.files(SHOP, revision) == {"a": "1\r\n2\n"}
    monkeypatch.delenv("GIT_DIR")
    assert _git(repo.repository(SHOP), "log", "--format=%an", "main") == "Lockgate\n"


async def test_a_lock_that_a_dead_machine_left_is_taken_away_and_a_fresh_one_is_respected(tmp_path: Path) -> None:
    repo = GitConfigRepo(tmp_path)
    first = await repo.create(SHOP, {}, "Begin")
    lock = repo.repository(SHOP) / "refs/heads/main.lock"
    lock.touch()
    with pytest.raises(TransientError, match=r"main\.lock"):
        await repo.commit(SHOP, MAIN, first, {"a": "1"}, "Change")
    os.utime(lock, (0, 0))
    assert await repo.head(SHOP, MAIN) == first
    second = await repo.commit(SHOP, MAIN, first, {"a": "1"}, "Change")
    assert await repo.head(SHOP, MAIN) == second


async def test_a_damaged_repository_is_trouble_and_not_an_absence(tmp_path: Path) -> None:
    repo = GitConfigRepo(tmp_path)
    await repo.create(SHOP, {"a": "1"}, "Begin")
    (repo.repository(SHOP) / "refs/heads/main").write_text("garbage\n")
    with pytest.raises(TransientError, match="rev-parse"):
        await repo.head(SHOP, MAIN)


async def test_a_file_that_a_merged_side_branch_added_and_removed_was_held(tmp_path: Path) -> None:
    repo = GitConfigRepo(tmp_path)
    first = await repo.create(SHOP, {"a": "1"}, "Begin")
    folder = repo.repository(SHOP)
    side = await repo.commit(SHOP, MAIN, first, {"gate": "x"}, "Add")
    side = await repo.commit(SHOP, MAIN, side, {"gate": None}, "Remove")
    tree = _git(folder, "rev-parse", f"{side}^{{tree}}").strip()
    merge = _git(folder, "commit-tree", "-p", first, "-p", side, "-m", "Merge", tree).strip()
    _git(folder, "update-ref", "refs/heads/main", merge)
    assert await repo.ever_held(SHOP, "gate", Revision(merge))


async def test_a_script_stays_executable_when_it_is_rewritten(tmp_path: Path) -> None:
    repo = GitConfigRepo(tmp_path)
    await repo.create(SHOP, {"run.sh": "1"}, "Begin")
    folder = repo.repository(SHOP)
    blob = _git(folder, "rev-parse", "main:run.sh").strip()
    tree = _git(folder, "mktree", feed=f"100755 blob {blob}\trun.sh\n").strip()
    head = await repo.head(SHOP, MAIN)
    script = _git(folder, "commit-tree", "-p", head, "-m", "x", tree).strip()
    _git(folder, "update-ref", "refs/heads/main", script)
    await repo.commit(SHOP, MAIN, await repo.head(SHOP, MAIN), {"run.sh": "2"}, "Change")
    assert _git(folder, "ls-tree", "main").startswith("100755")


async def _until(holds: Callable[[], bool]) -> None:
    while True:
        if holds():
            return
        await asyncio.sleep(0)
