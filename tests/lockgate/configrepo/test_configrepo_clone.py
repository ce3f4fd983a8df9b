import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockgate.cli.clone import clone
from lockgate.cli.credential import answer
from lockgate.cli.credentials import Credentials, credentials_file, load, save
from lockgate.domain.errors import InvalidError, NotFoundError, PermanentError

TOKEN = "t0ken-of-this-test"


@pytest.fixture
def file(shop: Any) -> Path:
    place = credentials_file({"LOCKGATE_HOME": str(shop.home / "a folder with ' signs")})
    save(Credentials(endpoint=shop.endpoint, token=TOKEN), place)
    return place


async def _clone(shop: Any, file: Path, name: str = "work", **more: str) -> Path:
    return await asyncio.to_thread(clone, "shop", shop.home / name, file, {**shop.variables, **more})


async def _plain(shop: Any, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The user's own git, without a word from the test."""
    return await asyncio.to_thread(
        subprocess.run,
        ["git", *arguments],
        cwd=folder,
        env={**shop.variables, "GIT_TERMINAL_PROMPT": "0", **more},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_documents_commands_work_in_a_fresh_clone(shop: Any, file: Path) -> None:
    work = await _clone(shop, file)
    perfspec = work / "carts" / "perfspec"
    (perfspec / "perfspec_prometheus.json").rename(perfspec / "perfspec.json")
    for arguments in (("add", "."), ("commit", "-m", "use prometheus perfspec"), ("push",)):
        done = await _plain(shop, work, *arguments)
        assert done.returncode == 0, done.stderr
    assert "carts/perfspec/perfspec.json" in await shop.repo.files("shop", await shop.main())
    assert (await _plain(shop, work, "pull")).returncode == 0


async def test_the_token_is_nowhere_in_the_clone(shop: Any, file: Path) -> None:
    work = await _clone(shop, file)
    assert (await _plain(shop, work, "push")).returncode == 0
    held = [path for path in shop.home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert held == [file]
    assert TOKEN not in (await _plain(shop, work, "remote", "-v")).stdout


async def test_the_token_is_in_no_process_list(shop: Any, file: Path) -> None:
    programs, log = shop.home / "bin", shop.home / "commands"
    programs.mkdir()
    real = shutil.which("git")
    (programs / "git").write_text(f'#!/bin/sh\necho "git $*" >> {shlex.quote(str(log))}\nexec {real} "$@"\n')
    (programs / "git").chmod(0o700)
    path = f"{programs}:{shop.variables['PATH']}"
    work = await _clone(shop, file, PATH=path)
    assert (await _plain(shop, work, "fetch", PATH=path)).returncode == 0
    assert "git clone" in log.read_text()
    assert TOKEN not in log.read_text()


async def test_a_global_helper_that_stores_is_not_given_the_token(shop: Any, file: Path) -> None:
    (shop.home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    work = await _clone(shop, file)
    assert (await _plain(shop, work, "fetch")).returncode == 0
    assert not (shop.home / ".git-credentials").exists()


async def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(shop: Any, file: Path) -> None:
    nobody = "http://127.0.0.1:9"
    work = await _clone(shop, file, http_proxy=nobody, ALL_PROXY=nobody)
    assert (await _plain(shop, work, "fetch", http_proxy=nobody, ALL_PROXY=nobody)).returncode == 0


async def test_modules_in_the_working_tree_are_not_imported_by_the_helper(shop: Any, file: Path) -> None:
    work = await _clone(shop, file)
    for name in ("json.py", "argparse.py", "lockgate.py"):
        (work / name).write_text("raise SystemExit('imported from the working tree')\n")
    assert (await _plain(shop, work, "fetch")).returncode == 0


async def test_an_identity_of_the_users_is_left_alone(shop: Any, file: Path) -> None:
    (shop.home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@localhost\n")
    work = await _clone(shop, file)
    assert (await _plain(shop, work, "config", "--local", "--get-regexp", "^user")).stdout == ""


async def test_without_one_the_clone_alone_gets_a_fallback(shop: Any, file: Path) -> None:
    work = await _clone(shop, file)
    assert "user.email" in (await _plain(shop, work, "config", "--local", "--list")).stdout
    assert not (shop.home / ".gitconfig").exists()


async def test_a_refused_token_is_an_error_that_says_what_to_run(shop: Any, file: Path) -> None:
    save(Credentials(endpoint=shop.endpoint, token="old"), file)
    with pytest.raises(PermanentError, match="lockgate auth"):
        await _clone(shop, file)


async def test_an_unknown_project_and_a_full_folder_are_errors_in_words(shop: Any, file: Path) -> None:
    with pytest.raises(PermanentError, match=r"no project called 'sohp', did you mean shop\? There is shop"):
        await asyncio.to_thread(clone, "sohp", shop.home / "x", file, shop.variables)
    with pytest.raises(InvalidError, match="project name"):
        await asyncio.to_thread(clone, "--upload-pack=x", shop.home / "x", file, shop.variables)
    await _clone(shop, file)
    with pytest.raises(PermanentError, match="not an empty directory"):
        await _clone(shop, file)


def test_the_helper_answers_for_its_own_host_only(tmp_path: Path) -> None:
    save(Credentials(endpoint="http://127.0.0.1:8080/", token=TOKEN), tmp_path / "credentials")
    ours = "protocol=http\nhost=127.0.0.1:8080\n\n"
    assert answer("get", ours, tmp_path / "credentials") == (f"username=lockgate\npassword={TOKEN}\n", "")
    for other in ("protocol=http\nhost=127.0.0.1:8081\n", "protocol=https\nhost=127.0.0.1:8080\n", "host=x\n", ""):
        assert answer("get", other, tmp_path / "credentials") == ("", "")
    assert answer("store", ours, tmp_path / "credentials") == ("", "")
    assert "lockgate auth" in answer("erase", ours, tmp_path / "credentials")[1]


def test_the_helper_reads_the_question_from_standard_input(tmp_path: Path) -> None:
    save(Credentials(endpoint="http://127.0.0.1:8080", token=TOKEN), tmp_path / "credentials")
    asked = subprocess.run(
        [sys.executable, "-P", "-m", "lockgate.cli.credential", "get"],
        input="protocol=http\nhost=127.0.0.1:8080\n",
        env={**os.environ, "LOCKGATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"password={TOKEN}\n" in asked.stdout


def test_credentials_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "credentials"
    save(Credentials(endpoint="http://127.0.0.1:8080", token=TOKEN), file)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert load(file) == Credentials(endpoint="http://127.0.0.1:8080", token=TOKEN)
    assert TOKEN not in repr(load(file))
    file.chmod(0o644)
    with pytest.raises(InvalidError, match="chmod 600"):
        load(file)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"endpoint": "http://x"}', '{"endpoint": 1, "token": "x"}'])
def test_a_broken_credentials_file_names_the_way_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(InvalidError, match="lockgate auth"):
        load(file)
    with pytest.raises(NotFoundError, match="lockgate auth"):
        load(tmp_path / "missing")


@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:8080", "ftp://x", "http://user:secret@x"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(InvalidError, match="endpoint"):
        Credentials(endpoint=endpoint, token=TOKEN)
