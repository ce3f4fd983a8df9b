"""Two control planes on one data folder."""

from pathlib import Path

import httpx
import pytest

from lockgate.domain.errors import InvalidError, PermanentError
from lockgate.kit.clock import SystemClock
from lockgate.store.memory import MemoryStore
from lockgate.wiring.alone import alone
from lockgate.wiring.sources import ConfiguredSources


def test_a_second_control_plane_on_the_same_folder_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(PermanentError, match="another control plane"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


@pytest.mark.parametrize("url", ["http://[::1", "ftp://host", "http://user:sekret@host:9090", "host:9090"])
async def test_an_address_that_is_none_or_holds_a_password_is_refused_and_the_password_not_repeated(url: str) -> None:
    async with httpx.AsyncClient() as client:
        sources = ConfiguredSources(MemoryStore(), client, SystemClock(), {})
        with pytest.raises(InvalidError) as refusal:
            await sources.configure("prometheus", url)
    assert "sekret" not in str(refusal.value)
