"""Metric sources by name: which adapter answers, and where it was configured to ask."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import httpx

from lockgate.domain.errors import InvalidError, PermanentError, UnknownKindError
from lockgate.domain.evaluation import Window
from lockgate.kit.clock import Clock
from lockgate.ports.metric_source import MetricSource
from lockgate.ports.settings import Settings
from lockgate.sources.prometheus import PrometheusSource

SOURCES: Mapping[str, Callable[[str, httpx.AsyncClient], MetricSource]] = {
    "prometheus": lambda url, client: PrometheusSource(url, client),
}
_PROBE = {"prometheus": "vector(1)"}


class ConfiguredSources:
    """*own*: name → the URL of the installation's own monitoring system, which `configure monitoring NAME` turns on."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient, clock: Clock, own: Mapping[str, str]) -> None:
        self._settings, self._client, self._clock, self._own = settings, client, clock, own

    async def source(self, name: str) -> MetricSource:
        kind = _known(name)
        url = await self._settings.get(_key(kind))
        if url is None:
            raise PermanentError(f"metric source {name} is not configured: run `lockgate configure monitoring {kind}`")
        return SOURCES[kind](url, self._client)

    async def configure(self, name: str, url: str | None) -> str:
        """Keep where *name* answers, after asking it something. Raises InvalidError for a URL that is none, and what
        the source raises when it does not answer."""
        kind = _known(name)
        wanted = url or self._own.get(kind)
        if wanted is None:
            raise InvalidError(f"say where {name} answers: lockgate configure monitoring {kind} --url http://…")
        _check_address(wanted)
        now = self._clock.now()
        await SOURCES[kind](wanted, self._client).query(_PROBE[kind], Window(start=now, end=now))
        await self._settings.put(_key(kind), wanted)
        return wanted


def _check_address(url: str) -> None:
    """Raises InvalidError. One that holds a password is refused, and not repeated: it would be shown and stored."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InvalidError(f"{url!r} is not an address: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise InvalidError("the address of a monitoring system may not hold a user or password: leave them out")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidError(f"{url!r} is not the address of a monitoring system: write it as http://host:9090")


def _known(name: str) -> str:
    kind = name.casefold()
    if kind not in SOURCES:
        raise UnknownKindError("metric source", name, SOURCES)
    return kind


def _key(kind: str) -> str:
    return f"monitoring.{kind}.url"
