"""One question to a server: when it ends, and who waits for it."""

import threading

import httpx
import pytest

from lockgate.domain.errors import InvalidError, TransientError
from lockgate.sources.asking import Asker, Question, Sent
from lockgate.sources.http_client import HttpClient

LONG = "x" * 70_000  # which may come from a query, percent-encoded, or from a server, as the key of its next page


def asker(deadline: float = 10.0) -> Asker:
    return Asker("http://127.0.0.1:1", HttpClient(), "Source", str, deadline=deadline)


def question(deadline: float = 10.0) -> Question:
    return asker(deadline).question("up")


@pytest.mark.parametrize(("characters", "is_beside"), [(10, False), (1_000_000, True)])
async def test_a_large_answer_is_read_beside_what_else_goes_on(characters: int, is_beside: bool) -> None:
    reader = await question().read(" " * characters, lambda _: threading.get_ident())
    assert (reader != threading.get_ident()) == is_beside


async def test_reading_that_takes_too_long_is_no_answer() -> None:
    is_over = threading.Event()
    try:
        with pytest.raises(TransientError, match=r"gave no answer in 0\.05 s"):
            await question(deadline=0.05).read_aside("", lambda _: is_over.wait(60))
    finally:
        is_over.set()


async def test_an_address_that_would_be_too_long_costs_its_own_question_only() -> None:
    with pytest.raises(InvalidError, match=r"Source at .* cannot be asked this: .* too long \(query up\)"):
        await question().ask("GET", httpx.URL("http://127.0.0.1:1/"), Sent(params=(("key", LONG),)))
    with pytest.raises(InvalidError, match=r"Source at .* cannot be asked this: .* too long"):
        asker().at(f"/{LONG}")
