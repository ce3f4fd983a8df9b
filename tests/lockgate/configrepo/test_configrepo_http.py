import asyncio
import base64
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

_ADVERTISE = {"service": "git-upload-pack"}


@pytest.fixture
def basic() -> tuple[str, str]:
    return ("anyone", "t0ken-of-this-test")


async def test_a_wrong_token_is_refused_and_git_prints_what_to_run(shop: Any) -> None:
    refused = await shop.git(shop.home, "clone", shop.url, "work", token="wrong")
    assert refused.code != 0
    assert "lockgate auth" in refused.output
    assert not (shop.home / "work").exists()


async def test_a_wrong_token_cannot_push(shop: Any) -> None:
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"a": "b"})
    assert (await shop.git(work, "push", token="wrong")).code != 0
    assert await shop.main() == before


@pytest.mark.parametrize(
    "path", ["info/refs?service=git-upload-pack", "git-receive-pack", "HEAD", "../x", "objects/info"]
)
async def test_nothing_is_told_without_a_token(shop: Any, path: str) -> None:
    async with httpx.AsyncClient() as client:
        for headers in ({}, {"authorization": "Basic !"}, {"authorization": "Bearer"}, {"authorization": "Digest x"}):
            answer = await client.get(f"{shop.url}/{path}", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith('Basic realm="lockgate"')


async def test_the_token_is_taken_as_bearer_too(shop: Any) -> None:
    async with httpx.AsyncClient(headers={"authorization": "Bearer t0ken-of-this-test"}) as client:
        answer = await client.get(f"{shop.url}/info/refs", params=_ADVERTISE)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/x-git-upload-pack-advertisement"


async def test_an_unknown_project_is_named_with_what_there_is(shop: Any, basic: tuple[str, str]) -> None:
    async with httpx.AsyncClient(auth=basic) as client:
        answer = await client.get(f"{shop.endpoint}/git/sohp.git/info/refs", params=_ADVERTISE)
        assert answer.status_code == 404
        assert "no project called 'sohp', did you mean shop? There is shop" in answer.text


@pytest.mark.parametrize(
    "path", ["HEAD", "objects/info/packs", "config", "info/lfs/objects/batch", ".hooks/pre-receive"]
)
async def test_files_of_the_repository_are_not_served(shop: Any, basic: tuple[str, str], path: str) -> None:
    async with httpx.AsyncClient(auth=basic) as client:
        assert (await client.get(f"{shop.url}/{path}")).status_code == 404


async def test_the_dumb_protocol_and_other_services_are_refused(shop: Any, basic: tuple[str, str]) -> None:
    async with httpx.AsyncClient(auth=basic) as client:
        assert (await client.get(f"{shop.url}/info/refs")).status_code == 403
        archive = await client.get(f"{shop.url}/info/refs", params={"service": "git-upload-archive"})
        assert archive.status_code == 403


async def test_methods_and_encodings_that_are_not_gits_are_refused(shop: Any, basic: tuple[str, str]) -> None:
    async with httpx.AsyncClient(auth=basic) as client:
        wrong = await client.put(f"{shop.url}/git-receive-pack")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        encoded = await client.post(f"{shop.url}/git-upload-pack", headers={"content-encoding": "br"})
        assert encoded.status_code == 415


async def test_a_gzipped_request_body_is_understood(shop: Any, basic: tuple[str, str]) -> None:
    body = gzip.compress(b"0014command=ls-refs\n00010009peel\n0000")
    headers = {
        "content-encoding": "gzip",
        "content-type": "application/x-git-upload-pack-request",
        "git-protocol": "version=2",
    }
    async with httpx.AsyncClient(auth=basic) as client:
        answer = await client.post(f"{shop.url}/git-upload-pack", headers=headers, content=body)
    assert answer.status_code == 200
    assert b"refs/heads/main" in answer.content


async def test_a_push_that_is_sent_in_chunks_arrives(shop: Any) -> None:
    work = await shop.clone()
    noise = "".join(f"{number * 2654435761 % 4294967296:08x}" for number in range(100_000))
    revision = await shop.commit(work, {"notes.txt": noise})
    pushed = await shop.git(work, "-c", "http.postBuffer=65536", "push")  # larger bodies go in chunks
    assert pushed.code == 0, pushed.output
    assert (await shop.repo.files(shop.rules.asked[0][0], revision))["notes.txt"] == noise


async def test_a_body_that_is_no_pack_changes_nothing(shop: Any, basic: tuple[str, str]) -> None:
    before = await shop.main()
    headers = {"content-type": "application/x-git-receive-pack-request"}
    async with httpx.AsyncClient(auth=basic) as client:
        line = f"{before} {'1' * 40} refs/heads/main\0report-status".encode()
        body = f"{len(line) + 4:04x}".encode() + line + b"0000" + b"PACKgarbage"
        answer = await client.post(f"{shop.url}/git-receive-pack", headers=headers, content=body)
    assert b"ok refs/heads/main" not in answer.content
    assert shop.rules.asked == []
    assert await shop.main() == before


async def test_where_the_hook_may_not_run_no_push_gets_in(shop: Any) -> None:
    work = await shop.clone()
    (shop.repo.root / ".hooks" / "pre-receive").chmod(0o600)  # git skips such a hook in silence
    before = await shop.main()
    await shop.commit(work, {"a": "b"})
    pushed = await shop.git(work, "push")
    assert pushed.code != 0
    assert await shop.main() == before
    assert shop.rules.asked == []


async def test_a_client_that_goes_away_in_the_middle_of_a_push_leaves_no_program_behind(shop: Any) -> None:
    before = await shop.main()
    address = urlsplit(shop.endpoint)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    login = base64.b64encode(b"u:t0ken-of-this-test").decode()
    head = (
        f"POST /git/shop.git/git-receive-pack HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Basic {login}\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 100000\r\n\r\n0000"
    )
    writer.write(head.encode())
    await writer.drain()
    await _until(lambda: bool(_backends()))
    writer.close()
    await _until(lambda: not _backends())
    assert await shop.main() == before


def _backends() -> list[str]:
    """The http-backends that this very process has started, by Linux's list of its children."""
    children = [
        Path("/proc") / child / "cmdline"
        for task in Path("/proc/self/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [command for path in children if "http-backend" in (command := _read(path))]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while True:
            if holds():
                return
            await asyncio.sleep(0.02)
