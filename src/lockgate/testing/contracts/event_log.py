"""What every EventLog must do. A test class derives from EventLogContract and has a fixture `log`."""

import asyncio
from dataclasses import replace

from lockgate.ports.event_log import EventLog
from lockgate.testing.contracts.nouns import event


class EventLogContract:
    async def test_an_event_comes_back_as_it_was_written_with_its_cursor(self, log: EventLog) -> None:
        assert await log.append(event("e1"))
        (stored,) = await log.since(0)
        assert stored.cursor > 0
        assert replace(stored, cursor=0) == event("e1")

    async def test_an_event_is_written_once(self, log: EventLog) -> None:
        assert await log.append(event("e1"))
        assert not await log.append(event("e1", "another delivery"))
        assert await log.append(event("e1", source="another source"))
        assert [(one.id, one.source, one.context) for one in await log.since(0)] == [
            ("e1", "test", "d1"),
            ("e1", "another source", "d1"),
        ]

    async def test_cursors_rise_and_a_reader_goes_on_where_it_stopped(self, log: EventLog) -> None:
        for number in range(5):
            await log.append(event(f"e{number}", f"d{number % 2}"))
        everything = await log.since(0)
        cursors = [one.cursor for one in everything]
        assert cursors == sorted(set(cursors))
        assert [one.id for one in everything] == ["e0", "e1", "e2", "e3", "e4"]
        assert await log.since(cursors[2]) == everything[3:]
        assert await log.since(cursors[0], limit=2) == everything[1:3]
        assert [one.id for one in await log.since(cursors[0], context="d0")] == ["e2", "e4"]
        assert await log.since(cursors[-1]) == ()

    async def test_a_reader_that_follows_misses_nothing_that_many_write(self, log: EventLog) -> None:
        seen: list[str] = []

        async def follow() -> None:
            cursor = 0
            while len(seen) < 40:
                assert await log.wait_beyond(cursor, within=60)
                for one in await log.since(cursor, limit=7):
                    seen.append(one.id)
                    cursor = one.cursor

        async def write(writer: int) -> None:
            for number in range(10):
                await log.append(event(f"{writer}-{number}"))

        await asyncio.gather(follow(), *(write(writer) for writer in range(4)))
        assert len(set(seen)) == 40
        assert seen == [one.id for one in await log.since(0)]

    async def test_waiting_ends_when_something_is_there_or_the_time_is_over(self, log: EventLog) -> None:
        assert not await log.wait_beyond(0, within=0.01)
        await log.append(event("e1"))
        (stored,) = await log.since(0)
        assert await log.wait_beyond(0, within=0)
        assert not await log.wait_beyond(stored.cursor, within=0.01)
        waiting = asyncio.create_task(log.wait_beyond(stored.cursor, within=60))
        await asyncio.sleep(0)
        await log.append(event("e2"))
        assert await waiting
