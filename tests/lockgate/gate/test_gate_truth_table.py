"""Every cell of the gate's truth table is what the page says, and nothing that is missing promotes."""

import asyncio

import pytest
from tests.lockgate.gate.columns import COLUMNS
from tests.lockgate.gate.page import PAGE, cells_of, page_of
from tests.lockgate.gate.situations import MEASURED, ROWS, Row, Situation
from tests.lockgate.gate.truth import Table, truth_table
from tests.lockgate.sources.troubles import SECRET

from lockgate.domain.evaluation import Verdict
from lockgate.domain.source_name import KINDS
from lockgate.testing.contracts.metric_source import Trouble
from lockgate.wiring.sources import SOURCES

TITLES = [column.title for column in COLUMNS]
CELLS = [(row, title) for row in ROWS for title in TITLES]
UNMEASURED = [(row, title) for row, title in CELLS if row not in MEASURED]
BESIDE_A_BAD_VALUE = (Situation.ONE_MISSING_ONE_BAD, Situation.TWICE_ONE_BAD)


@pytest.fixture(scope="module")
def table() -> Table:
    return asyncio.run(truth_table())


@pytest.fixture(scope="module")
def lenient() -> Table:
    return asyncio.run(truth_table(ignore_empty=True))


@pytest.mark.parametrize(("row", "title"), CELLS)
def test_the_gate_concludes_what_the_page_says(table: Table, row: Row, title: str) -> None:
    listed = cells_of(PAGE.read_text())
    assert (row.value, title) in listed, "the page has no such cell: make truth-table, and read what it says of it"
    assert str(table[row, title]) == listed[row.value, title].replace("\\|", "|")


@pytest.mark.parametrize(("row", "title"), UNMEASURED)
def test_what_is_missing_or_in_trouble_is_never_a_pass_or_a_warning(table: Table, row: Row, title: str) -> None:
    verdict = table[row, title].verdict
    assert verdict not in (Verdict.PASS, Verdict.WARNING)
    assert verdict is not Verdict.FAIL or row in BESIDE_A_BAD_VALUE, "trouble of the monitoring fails no artifact"


def test_a_file_that_ignores_what_is_empty_makes_no_error_good(table: Table, lenient: Table) -> None:
    errors = [key for key, cell in table.items() if cell.verdict is Verdict.ERROR]
    assert {str(key): lenient[key].verdict for key in errors} == {str(key): Verdict.ERROR for key in errors}
    assert lenient[Situation.EMPTY, "Prometheus"].verdict is Verdict.PASS, "else this would show nothing"


@pytest.mark.parametrize("row", Trouble)
@pytest.mark.parametrize("title", TITLES)
def test_trouble_is_an_error_and_never_an_empty_answer(table: Table, row: Row, title: str) -> None:
    """A file that ignores what is empty would let it pass."""
    assert table[row, title].verdict in (Verdict.ERROR, None)


@pytest.mark.parametrize("title", TITLES)
def test_every_source_tells_good_values_from_bad_ones(table: Table, title: str) -> None:
    """Else a table of errors would prove nothing."""
    verdicts = [table[row, title].verdict for row in (Situation.GOOD, Situation.MIDDLING, Situation.BAD)]
    assert verdicts == [Verdict.PASS, Verdict.WARNING, Verdict.FAIL]


def test_every_kind_of_source_has_a_column_on_the_page() -> None:
    assert {column.kind for column in COLUMNS} == set(KINDS) == set(SOURCES)
    assert {title for _, title in cells_of(PAGE.read_text())} == set(TITLES)


def test_every_trouble_of_the_sources_contract_has_a_row_on_the_page() -> None:
    rows = {row for row, _ in cells_of(PAGE.read_text())}
    assert {trouble.value for trouble in Trouble} <= rows
    assert rows == {row.value for row in ROWS}


def test_only_a_file_is_spared_what_a_server_does() -> None:
    spared = {row for column in COLUMNS if column.kind != "file" for row in column.impossible}
    assert spared <= {Situation.STRING, Situation.LATE, Situation.EARLY}


def test_a_cell_that_was_not_run_says_so_and_why(table: Table) -> None:
    listed = {(row, column.title): why for column in COLUMNS for row, why in column.impossible.items()}
    assert {key: str(cell) for key, cell in table.items() if cell.verdict is None} == listed
    assert all(why.startswith(("cannot happen: ", "cannot be told: ")) for why in listed.values())


def test_the_page_is_the_one_that_is_generated(table: Table) -> None:
    assert PAGE.read_text() == page_of(table), "make truth-table writes it"


def test_no_secret_and_no_port_stands_on_the_page() -> None:
    assert SECRET not in PAGE.read_text()
    assert "127.0.0.1" not in PAGE.read_text()
