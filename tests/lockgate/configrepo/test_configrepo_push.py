import asyncio
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lockgate.configrepo import push
from lockgate.configrepo.push import Findings
from lockgate.domain.errors import ConflictError, Fault
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, STATE

SHOP = ProjectName("shop")
FILES = {"shipyard.yaml": "stages: []\n", "carts/perfspec/perfspec_prometheus.json": "{}\n"}


async def test_the_validator_sees_the_whole_new_tree_and_what_changed(shop: Any) -> None:
    work = await shop.clone()
    (work / "carts/perfspec/perfspec_prometheus.json").rename(work / "carts/perfspec/perfspec.json")
    revision = await shop.commit(work, {})
    assert (await shop.git(work, "push")).code == 0
    both = ("carts/perfspec/perfspec.json", "carts/perfspec/perfspec_prometheus.json")
    assert shop.rules.asked == [(SHOP, {"shipyard.yaml": "stages: []\n", "carts/perfspec/perfspec.json": "{}\n"}, both)]
    assert await shop.main() == revision
    assert shop.moves == [(SHOP, revision)]


async def test_a_push_with_faults_is_refused_and_git_prints_where_they_are(shop: Any) -> None:
    fault = Fault(file="carts/perfspec/perfspec.json", line=3, field="indicators", message="is missing")
    shop.rules.findings = Findings(faults=(fault,))
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"carts/perfspec/perfspec.json": "{}"})
    pushed = await shop.git(work, "push")
    assert pushed.code != 0
    assert "remote:   carts/perfspec/perfspec.json:3: indicators: is missing" in pushed.output
    assert "git commit --amend" in pushed.output
    assert await shop.main() == before
    assert shop.moves == []


async def test_after_the_fault_is_corrected_the_same_clone_pushes(shop: Any) -> None:
    shop.rules.findings = Findings(faults=(Fault(file="a.yaml", line=1, field="x", message="is wrong"),))
    work = await shop.clone()
    await shop.commit(work, {"a.yaml": "x: wrong"})
    assert (await shop.git(work, "push")).code != 0
    shop.rules.findings = Findings()
    (work / "a.yaml").write_text("x: right")
    assert (await shop.git(work, "commit", "-a", "--amend", "--no-edit")).code == 0
    assert (await shop.git(work, "push")).code == 0


async def test_warnings_are_printed_and_the_push_is_accepted(shop: Any) -> None:
    shop.rules.findings = Findings(warnings=("the query does not select the release",))
    work = await shop.clone()
    revision = await shop.commit(work, {"a": "b"})
    pushed = await shop.git(work, "push")
    assert "remote: warning: the query does not select the release" in pushed.output
    assert await shop.main() == revision


@pytest.mark.parametrize("error", [RuntimeError("secret detail"), ConflictError("the store is away")])
async def test_a_validator_that_breaks_lets_nothing_in(shop: Any, error: Exception) -> None:
    shop.rules.breaks = error
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"a": "b"})
    pushed = await shop.git(work, "push")
    assert "remote: Refused: this push could not be checked" in pushed.output
    assert "secret detail" not in pushed.output
    assert await shop.main() == before


async def test_a_validator_that_does_not_answer_lets_nothing_in(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "_SECONDS", 0.5)
    shop.rules.meanwhile = asyncio.Event().wait
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"a": "b"})
    assert "took longer than 0.5 s" in (await shop.git(work, "push")).output
    assert await shop.main() == before


async def test_a_push_to_state_is_refused_with_the_command_to_use(shop: Any) -> None:
    before, work = await shop.repo.head(SHOP, STATE), await shop.clone()
    assert (await shop.git(work, "switch", "--track", "origin/state")).code == 0
    await shop.commit(work, {"stages/production/carts.yaml": "image: mine"})
    for arguments in (("push",), ("push", "--force", "origin", "main:state"), ("push", "origin", ":state")):
        pushed = await shop.git(work, *arguments)
        assert pushed.code != 0
        assert "remote:   lockgate send event new-artifact --project=shop" in pushed.output
    assert await shop.repo.head(SHOP, STATE) == before


async def test_a_push_of_main_beside_state_moves_neither(shop: Any) -> None:
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"a": "b"})
    assert (await shop.git(work, "push", "origin", "HEAD:main", "+HEAD:state")).code != 0
    assert await shop.main() == before


async def test_main_cannot_be_deleted(shop: Any) -> None:
    before, work = await shop.main(), await shop.clone()
    assert "cannot be deleted" in (await shop.git(work, "push", "origin", ":main")).output
    assert await shop.main() == before


async def test_main_moves_forward_only_even_when_forced(shop: Any) -> None:
    work = await shop.clone()
    await shop.commit(work, {"a": "1"})
    assert (await shop.git(work, "push")).code == 0
    before = await shop.main()
    assert (await shop.git(work, "reset", "--hard", "HEAD~1")).code == 0
    await shop.commit(work, {"b": "2"})
    forced = await shop.git(work, "push", "--force")
    assert "remote: Refused: branch main only moves forward" in forced.output
    assert await shop.main() == before


async def test_branches_and_tags_of_the_users_are_not_read_and_so_not_checked(shop: Any) -> None:
    shop.rules.findings = Findings(faults=(Fault(file="a", line=1, field="", message="is wrong"),))
    work = await shop.clone()
    await shop.commit(work, {"a": "b"})
    assert (await shop.git(work, "tag", "v1")).code == 0
    pushed = await shop.git(work, "push", "origin", "HEAD:refs/heads/try", "v1")
    assert pushed.code == 0, pushed.output
    assert (await shop.git(work, "push", "--force", "origin", "HEAD~1:try")).code == 0
    assert (await shop.git(work, "push", "origin", ":try", ":v1")).code == 0
    assert shop.rules.asked == []


@pytest.mark.parametrize("ref", ["refs/replace/" + "a" * 40, "refs/notes/commits", "refs/heads/main/x"])
async def test_other_refs_are_refused(shop: Any, ref: str) -> None:
    work = await shop.clone()
    await shop.commit(work, {"a": "b"})
    pushed = await shop.git(work, "push", "origin", f"HEAD:{ref}")
    assert pushed.code != 0
    assert f"{ref} is neither a branch nor a tag of the users" in pushed.output


async def test_a_commit_of_lockgate_during_the_check_wins_and_the_push_is_refused(shop: Any) -> None:
    work = await shop.clone()
    await shop.commit(work, {"a": "user"})
    before = await shop.main()
    shop.rules.meanwhile = lambda: shop.repo.commit(SHOP, MAIN, before, {"b": "lockgate"}, "Onboard")
    assert (await shop.git(work, "push")).code != 0
    assert await shop.repo.files(SHOP, await shop.main()) == {**FILES, "b": "lockgate"}
    assert shop.moves == []


async def test_of_two_pushes_that_race_one_gets_in_and_the_other_after_a_pull(shop: Any) -> None:
    first, second = await shop.clone("first"), await shop.clone("second")
    await shop.commit(first, {"one": "1"})
    await shop.commit(second, {"two": "2"})
    both = asyncio.Barrier(2)
    shop.rules.meanwhile = both.wait
    outcomes = await asyncio.gather(shop.git(first, "push"), shop.git(second, "push"))
    assert sorted(outcome.code == 0 for outcome in outcomes) == [False, True]
    shop.rules.meanwhile = None
    loser = first if outcomes[0].code else second
    assert (await shop.git(loser, "pull", "--rebase")).code == 0
    assert (await shop.git(loser, "push")).code == 0
    assert await shop.repo.files(SHOP, await shop.main()) == {**FILES, "one": "1", "two": "2"}


async def test_a_commit_of_lockgate_from_before_a_push_is_refused(shop: Any) -> None:
    before, work = await shop.main(), await shop.clone()
    await shop.commit(work, {"a": "user"})
    assert (await shop.git(work, "push")).code == 0
    with pytest.raises(ConflictError, match="read it again"):
        await shop.repo.commit(SHOP, MAIN, before, {"a": "lockgate"}, "Onboard")


async def test_a_picture_is_left_out_with_a_warning(shop: Any) -> None:
    work = await shop.clone()
    revision = await shop.commit(work, {"logo.png": b"\x89PNG\0", "long.txt": "x" * (1024 * 1024 + 1)})
    pushed = await shop.git(work, "push")
    assert "remote: warning: logo.png is left out by Lockgate: it is binary" in pushed.output
    assert "remote: warning: long.txt is left out by Lockgate: it has 1048577 bytes" in pushed.output
    assert await shop.repo.files(SHOP, revision) == FILES
    assert (await shop.repo.snapshot(SHOP, revision)).skipped.keys() == {"logo.png", "long.txt"}


async def test_a_perfspec_that_is_no_text_is_a_fault_and_not_a_gate_that_is_missing(shop: Any) -> None:
    before, work = await shop.main(), await shop.clone()
    (work / "carts/perfspec/perfspec.json").symlink_to("perfspec_prometheus.json")
    await shop.commit(work, {"carts/values.yaml": "image: ü".encode("utf-16")})
    pushed = await shop.git(work, "push")
    assert "carts/values.yaml: Lockgate cannot read it: it is binary, not UTF-8 text" in pushed.output
    assert "carts/perfspec/perfspec.json: Lockgate cannot read it: it is a symbolic link" in pushed.output
    assert await shop.main() == before


async def test_a_tree_beyond_all_measure_is_refused(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "_MOST_FILES", 5)
    work = await shop.clone()
    await shop.commit(work, {f"file{number}": str(number) for number in range(4)})
    assert "would hold 6 files" in (await shop.git(work, "push")).output


async def test_messages_carry_no_escape_sequences_to_the_terminal(shop: Any) -> None:
    fault = Fault(file="a\x1b[2J", line=1, field="x", message="one\ntwo")
    shop.rules.findings = Findings(faults=(fault,))
    work = await shop.clone()
    await shop.commit(work, {"a": "b"})
    output = (await shop.git(work, "push")).output
    assert "a\N{REPLACEMENT CHARACTER}[2J:1: x: one\N{REPLACEMENT CHARACTER}two" in output


async def test_of_a_thousand_faults_the_first_are_printed(shop: Any) -> None:
    faults = tuple(Fault(file="a", line=line, field="x", message="is wrong") for line in range(1, 1001))
    shop.rules.findings = Findings(faults=faults)
    work = await shop.clone()
    await shop.commit(work, {"a": "b"})
    output = (await shop.git(work, "push")).output
    assert "1000 faults" in output
    assert "a:1: x" in output
    assert "lines more" in output
    assert "a:500: x" not in output


async def test_a_hook_that_reaches_nobody_refuses(shop: Any) -> None:
    work = await shop.clone()
    await shop.commit(work, {"a": "b"})
    assert (await shop.git(work, "push")).code == 0  # the hook is in its place now
    hook = shop.repo.root / ".hooks" / "pre-receive"
    code, words = await asyncio.to_thread(_ask_and_go_away, hook, shop.variables)
    assert code != 0
    assert "nothing was accepted; push again" in words


def _ask_and_go_away(hook: Path, variables: dict[str, str]) -> tuple[int, str]:
    """A control plane that dies between the hook's question and its answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = theirs.fileno()
        with subprocess.Popen(
            [str(hook)],
            env={**variables, "LOCKGATE_PUSH": str(number)},
            pass_fds=(number,),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            ours.recv(65536)
            ours.close()
            _, words = program.communicate(timeout=60)
            return program.returncode, words
