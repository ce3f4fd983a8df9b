"""What every ConfigRepo must do. Derive from it, with a fixture `repo` that gives an empty one."""

import asyncio

import pytest

from lockgate.domain.errors import ConflictError, InvalidError, NotFoundError
from lockgate.domain.names import ProjectName
from lockgate.ports.config_repo import MAIN, STATE, ConfigRepo, Revision

_SHOP = ProjectName("shop")
_FILES = {
    "shipyard.yaml": "stages: []\n",
    "carts/values.yaml": "image: carts\n",
    "carts/tests/load.py": "print('Grüße')\n",
    "carts-db/values.yaml": "image: mongo\n",
}


class ConfigRepoContract:
    async def test_an_empty_one_has_no_projects(self, repo: ConfigRepo) -> None:
        assert await repo.projects() == ()

    async def test_a_new_project_holds_its_files_on_main_and_nothing_on_state(self, repo: ConfigRepo) -> None:
        revision = await repo.create(_SHOP, _FILES, "Begin")
        assert await repo.head(_SHOP, MAIN) == revision
        assert await repo.files(_SHOP, revision) == _FILES
        assert await repo.files(_SHOP, await repo.head(_SHOP, STATE)) == {}
        assert await repo.projects() == (_SHOP,)

    async def test_projects_do_not_see_each_other(self, repo: ConfigRepo) -> None:
        await repo.create(_SHOP, _FILES, "Begin")
        other = await repo.create(ProjectName("bakery"), {"a": "b"}, "Begin")
        assert await repo.projects() == ("bakery", "shop")
        assert await repo.files(ProjectName("bakery"), other) == {"a": "b"}

    async def test_a_name_that_is_taken_is_refused_and_the_first_project_stays(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        with pytest.raises(ConflictError, match="shop"):
            await repo.create(_SHOP, {}, "Again")
        assert await repo.head(_SHOP, MAIN) == first

    async def test_of_many_who_create_one_name_at_once_one_succeeds(self, repo: ConfigRepo) -> None:
        made = [repo.create(_SHOP, {"winner": str(number)}, "Begin") for number in range(4)]
        outcomes = await asyncio.gather(*made, return_exceptions=True)
        winners = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, str)]
        assert len(winners) == 1
        assert [type(outcome) for outcome in outcomes].count(ConflictError) == 3
        assert await repo.files(_SHOP, await repo.head(_SHOP, MAIN)) == {"winner": str(winners[0])}

    async def test_a_project_name_that_is_no_label_is_refused(self, repo: ConfigRepo) -> None:
        with pytest.raises(InvalidError, match="project name"):
            await repo.create(ProjectName("../shop"), {}, "Begin")

    async def test_what_is_unknown_is_named_with_what_there_is(self, repo: ConfigRepo) -> None:
        with pytest.raises(NotFoundError, match="shop"):
            await repo.head(_SHOP, MAIN)
        with pytest.raises(NotFoundError, match="shop"):
            await repo.ever_held(_SHOP, "x", Revision("0" * 40))
        revision = await repo.create(_SHOP, _FILES, "Begin")
        with pytest.raises(NotFoundError, match="did you mean shop"):
            await repo.files(ProjectName("sohp"), revision)
        with pytest.raises(NotFoundError, match=r"branch .* main, state"):
            await repo.head(_SHOP, "trunk")
        with pytest.raises(NotFoundError, match="branch"):
            await repo.commit(_SHOP, "trunk", revision, {"a": "b"}, "Change")
        for unknown in ("0" * 40, "main", "--all"):
            with pytest.raises(NotFoundError, match="revision"):
                await repo.files(_SHOP, Revision(unknown))
            with pytest.raises(NotFoundError, match="revision"):
                await repo.ever_held(_SHOP, "x", Revision(unknown))

    async def test_a_folder_is_read_with_paths_relative_to_it(self, repo: ConfigRepo) -> None:
        revision = await repo.create(_SHOP, _FILES, "Begin")
        carts = {"values.yaml": "image: carts\n", "tests/load.py": "print('Grüße')\n"}
        assert await repo.files(_SHOP, revision, "carts") == carts
        assert await repo.files(_SHOP, revision, "carts/") == carts
        assert await repo.files(_SHOP, revision, "cart") == {}
        assert await repo.files(_SHOP, revision, "shipyard.yaml") == {}

    async def test_a_commit_writes_and_deletes_and_leaves_the_rest(self, repo: ConfigRepo) -> None:
        before = await repo.create(_SHOP, _FILES, "Begin")
        changes = {"carts/values.yaml": "image: other\n", "carts/tests/load.py": None, "new/deep/file": "x", "no": None}
        after = await repo.commit(_SHOP, MAIN, before, changes, "Change")
        assert await repo.head(_SHOP, MAIN) == after
        assert await repo.files(_SHOP, after) == {
            "shipyard.yaml": "stages: []\n",
            "carts/values.yaml": "image: other\n",
            "carts-db/values.yaml": "image: mongo\n",
            "new/deep/file": "x",
        }
        assert await repo.files(_SHOP, before) == _FILES

    async def test_text_comes_back_to_the_byte(self, repo: ConfigRepo) -> None:
        texts = {"crlf": "a\r\nb\r\n", "empty": "", "bare": "no newline", "many": "\n\n\n", "wide/ü 名 $x*": "😀"}
        revision = await repo.create(_SHOP, texts, "Grüße")
        assert await repo.files(_SHOP, revision) == texts

    async def test_the_branches_move_apart(self, repo: ConfigRepo) -> None:
        main = await repo.create(_SHOP, _FILES, "Begin")
        state = await repo.commit(_SHOP, STATE, await repo.head(_SHOP, STATE), {"stages/dev/carts.yaml": "a"}, "Deploy")
        assert await repo.head(_SHOP, MAIN) == main
        assert await repo.files(_SHOP, state, "stages/dev") == {"carts.yaml": "a"}

    async def test_a_commit_on_a_branch_that_moved_is_refused(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        second = await repo.commit(_SHOP, MAIN, first, {"a": "1"}, "One")
        with pytest.raises(ConflictError, match=rf"main .* {second}, not at {first}"):
            await repo.commit(_SHOP, MAIN, first, {"a": "2"}, "Two")
        with pytest.raises(ConflictError):
            await repo.commit(_SHOP, MAIN, first, {}, "Nothing")
        assert await repo.files(_SHOP, await repo.head(_SHOP, MAIN), "") == {**_FILES, "a": "1"}

    async def test_of_many_commits_at_once_on_one_head_one_succeeds(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, {}, "Begin")
        commits = [repo.commit(_SHOP, MAIN, first, {"a": str(number)}, "Race") for number in range(5)]
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        winners = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, str)]
        assert len(winners) == 1
        assert [type(outcome) for outcome in outcomes].count(ConflictError) == 4
        assert await repo.files(_SHOP, await repo.head(_SHOP, MAIN)) == {"a": str(winners[0])}

    async def test_changes_that_change_nothing_make_no_commit(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        same = {"shipyard.yaml": "stages: []\n", "not/there": None}
        assert await repo.commit(_SHOP, MAIN, first, same, "Nothing") == first
        assert await repo.commit(_SHOP, MAIN, first, {}, "Nothing") == first
        assert await repo.head(_SHOP, MAIN) == first

    @pytest.mark.parametrize(
        "path",
        ["", "/etc/passwd", "a//b", "a/", "./a", "a/../b", ".git/config", "a/.GIT/hooks", "a\nb", "a\\b", "a\0b"],
    )
    async def test_a_path_that_could_be_misread_is_refused(self, repo: ConfigRepo, path: str) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        with pytest.raises(InvalidError, match="path"):
            await repo.commit(_SHOP, MAIN, first, {path: "x"}, "Change")
        with pytest.raises(InvalidError, match="path"):
            await repo.create(ProjectName("other"), {path: "x"}, "Begin")
        assert await repo.projects() == (_SHOP,)

    @pytest.mark.parametrize("text", ["a\0b", "x" * (1024 * 1024 + 1), "\udc80"], ids=["nul", "long", "surrogate"])
    async def test_text_that_could_not_be_read_back_is_refused(self, repo: ConfigRepo, text: str) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        with pytest.raises(InvalidError, match="carts/notes"):
            await repo.commit(_SHOP, MAIN, first, {"carts/notes": text}, "Change")

    @pytest.mark.parametrize("path", ["shipyard.yaml/x", "carts", "carts/tests"])
    async def test_a_path_cannot_be_a_file_and_a_folder(self, repo: ConfigRepo, path: str) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        with pytest.raises(InvalidError, match="folder"):
            await repo.commit(_SHOP, MAIN, first, {path: "x"}, "Change")
        assert await repo.head(_SHOP, MAIN) == first

    async def test_a_file_becomes_a_folder_when_it_is_deleted_in_the_same_commit(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, {"a": "file"}, "Begin")
        second = await repo.commit(_SHOP, MAIN, first, {"a": None, "a/b": "x"}, "Folder")
        assert await repo.files(_SHOP, second) == {"a/b": "x"}
        third = await repo.commit(_SHOP, MAIN, second, {"a/b": None, "a": "file"}, "File")
        assert await repo.files(_SHOP, third) == {"a": "file"}

    async def test_main_remembers_every_path_it_ever_held(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        assert await repo.ever_held(_SHOP, "carts/values.yaml", first)
        assert await repo.ever_held(_SHOP, "carts", first)
        assert not await repo.ever_held(_SHOP, "carts/perfspec/perfspec.json", first)
        assert not await repo.ever_held(_SHOP, "carts/*.yaml", first)
        second = await repo.commit(_SHOP, MAIN, first, {"carts/perfspec/perfspec.json": "{}"}, "Gate")
        third = await repo.commit(_SHOP, MAIN, second, {"carts/perfspec/perfspec.json": None}, "No gate")
        assert await repo.ever_held(_SHOP, "carts/perfspec/perfspec.json", third)

    async def test_what_came_after_a_revision_it_never_held(self, repo: ConfigRepo) -> None:
        first = await repo.create(_SHOP, _FILES, "Begin")
        second = await repo.commit(_SHOP, MAIN, first, {"carts/perfspec/perfspec.json": "{}"}, "Gate")
        assert await repo.ever_held(_SHOP, "carts/perfspec/perfspec.json", second)
        assert not await repo.ever_held(_SHOP, "carts/perfspec/perfspec.json", first)

    async def test_what_state_held_main_did_not(self, repo: ConfigRepo) -> None:
        main = await repo.create(_SHOP, _FILES, "Begin")
        await repo.commit(_SHOP, STATE, await repo.head(_SHOP, STATE), {"stages/dev/carts.yaml": "a"}, "Deploy")
        assert not await repo.ever_held(_SHOP, "stages/dev/carts.yaml", main)
