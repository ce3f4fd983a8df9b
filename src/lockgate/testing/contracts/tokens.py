"""What every Tokens must do. A test class derives from TokensContract and has a fixture `tokens`."""

import asyncio

from lockgate.ports.tokens import Tokens
from lockgate.testing.contracts.nouns import NOON, later


class TokensContract:
    async def test_a_token_opens_under_its_name_and_another_does_not(self, tokens: Tokens) -> None:
        await tokens.add("admin", "s3cret", NOON)
        await tokens.add("reader", "0ther", NOON)
        assert await tokens.check("s3cret", later(1)) == "admin"
        assert await tokens.check("0ther", later(1)) == "reader"
        assert await tokens.check("s3cre", later(1)) is None
        assert await tokens.check("", later(1)) is None

    async def test_a_token_ends_at_its_moment(self, tokens: Tokens) -> None:
        await tokens.add("page", "code", NOON, expires_at=later(60))
        assert await tokens.check("code", later(59.9)) == "page"
        assert await tokens.check("code", later(60)) is None
        assert await tokens.spend("code", later(61)) is None

    async def test_a_spent_token_is_gone(self, tokens: Tokens) -> None:
        await tokens.add("page", "code", NOON)
        assert await tokens.spend("code", later(1)) == "page"
        assert await tokens.spend("code", later(1)) is None
        assert await tokens.check("code", later(1)) is None

    async def test_of_many_who_spend_at_once_one_gets_in(self, tokens: Tokens) -> None:
        await tokens.add("page", "code", NOON)
        names = await asyncio.gather(*(tokens.spend("code", later(1)) for _ in range(8)))
        assert sorted(names, key=str) == [None] * 7 + ["page"]

    async def test_a_token_outlives_the_end_of_others(self, tokens: Tokens) -> None:
        await tokens.add("page", "short", NOON, expires_at=later(1))
        await tokens.add("page", "long", NOON, expires_at=later(60))
        await tokens.add("admin", "endless", NOON)
        await tokens.add("page", "next", later(2), expires_at=later(62))
        assert await tokens.check("short", NOON) is None  # gone, not only over
        assert await tokens.check("long", later(2)) == "page"
        assert await tokens.check("endless", later(2)) == "admin"

    async def test_a_forgotten_name_takes_all_its_tokens_along_and_no_other(self, tokens: Tokens) -> None:
        await tokens.add("first", "old", NOON)
        await tokens.add("first", "older", NOON)
        await tokens.add("admin", "s3cret", NOON)
        await tokens.forget("first")
        await tokens.forget("nobody")
        assert [await tokens.check(one, later(1)) for one in ("old", "older", "s3cret")] == [None, None, "admin"]

    async def test_a_token_added_again_has_its_new_end(self, tokens: Tokens) -> None:
        await tokens.add("page", "code", NOON, expires_at=later(1))
        await tokens.add("page", "code", NOON, expires_at=later(60))
        assert await tokens.check("code", later(30)) == "page"
