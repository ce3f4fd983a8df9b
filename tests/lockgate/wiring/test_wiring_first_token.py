"""The token that an installation starts with."""

from pathlib import Path

from lockgate.kit.clock import SystemClock
from lockgate.store.memory import MemoryStore
from lockgate.wiring.first_token import first_token

CLOCK = SystemClock()


async def opens(store: MemoryStore, token: str) -> bool:
    return await store.check(token, CLOCK.now()) is not None


async def test_the_first_token_is_made_once_and_only_its_user_can_read_it(tmp_path: Path) -> None:
    store, file = MemoryStore(), tmp_path / "token"
    await first_token(file, store, CLOCK)
    token = file.read_text().strip()
    await first_token(file, store, CLOCK)
    assert file.read_text().strip() == token
    assert await opens(store, token)
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_token_whose_file_was_removed_or_changed_opens_nothing_any_more(tmp_path: Path) -> None:
    store, file = MemoryStore(), tmp_path / "token"
    await store.add("admin", "another", CLOCK.now())
    known = []
    for spoil in (lambda: file.unlink(), lambda: file.write_text("of my own")):
        await first_token(file, store, CLOCK)
        known.append(file.read_text().strip())
        spoil()
    await first_token(file, store, CLOCK)
    assert [await opens(store, token) for token in known] == [False, False]
    assert await opens(store, file.read_text().strip())
    assert await opens(store, "another")
