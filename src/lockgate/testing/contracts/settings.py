"""What every Settings must do. A test class derives from SettingsContract and has a fixture `settings`."""

import asyncio

from lockgate.ports.settings import Settings


class SettingsContract:
    async def test_the_last_value_put_is_the_one_got(self, settings: Settings) -> None:
        assert await settings.get("prometheus.url") is None
        await settings.put("prometheus.url", "http://127.0.0.1:9090")
        await settings.put("other", "")
        await settings.put("prometheus.url", "http://127.0.0.2:9090/ü")
        assert await settings.get("prometheus.url") == "http://127.0.0.2:9090/ü"
        assert await settings.get("other") == ""

    async def test_many_may_put_one_key_at_once(self, settings: Settings) -> None:
        await asyncio.gather(*(settings.put("key", str(number)) for number in range(8)))
        assert await settings.get("key") in {str(number) for number in range(8)}
