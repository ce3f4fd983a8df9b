"""A delivery that an earlier release began is brought to its end by today's story, wherever it was stopped."""

import runpy
import tomllib
from pathlib import Path

import pytest

from lockgate.testing.journals import SCENARIOS, NotTakenUpError, Recorded, carried_on, from_text, record

ROOT = Path(__file__).resolve().parents[3]
JOURNALS = Path("tests/lockgate/delivery/journals")
RECORDED = sorted((ROOT / JOURNALS).glob("*/*.json"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def journal_of(path: Path) -> Recorded:
    assert path.exists(), f"version {VERSION} has no journal {path.name}: record it with `make journals`"
    return from_text(path.read_text())


def way_out(path: Path) -> str:
    release = path.parent.name
    return (
        f"Deliveries of {release} that are under way would not end as they should after this upgrade: guard the change "
        f"with run.patched, or, while {release} is not released, record its journals anew with `make journals` "
        "(docs/how-to/change-the-story.md)"
    )


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_run_of_an_earlier_release_ends_as_it_would_have_wherever_it_was_stopped(path: Path) -> None:
    past = journal_of(path)
    for cut in range(len(past.steps) + 1):
        try:
            ending = await carried_on(past, cut)
        except NotTakenUpError as error:
            pytest.fail(f"{error}. {way_out(path)}")
        assert ending == past.ending, f"stopped after {cut} steps. {way_out(path)}"


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_the_journals_of_the_version_at_work_are_those_of_todays_story(scenario: str) -> None:
    path = ROOT / JOURNALS / VERSION / f"{scenario}.json"
    past, today = journal_of(path), await record(scenario)
    assert [name for name, _ in today.steps] == [name for name, _ in past.steps], way_out(path)
    assert today.ending == past.ending


def test_the_journals_of_a_released_version_are_not_recorded_anew(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [0.1.0] - 2026-12-01\n")
    with pytest.raises(SystemExit, match=r"0\.1\.0 is released"):
        runpy.run_path(str(ROOT / "tools/record_journals.py"))["main"](tmp_path)
    assert not (tmp_path / JOURNALS).exists()
