"""Metric sources by name: which adapter answers, and where it was configured to ask."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from lockgate.domain.errors import InvalidError, PermanentError, TransientError, UnknownKindError
from lockgate.domain.evaluation import Window
from lockgate.domain.names import ProjectName
from lockgate.domain.project import Place
from lockgate.domain.source_name import SourceName, source_name
from lockgate.kit.clock import Clock
from lockgate.kit.typed_json import from_json, to_json
from lockgate.ports.metric_source import MetricSource, Query, SourceSettings, SourceWish
from lockgate.ports.settings import Settings
from lockgate.sources import dynatrace, http_json
from lockgate.sources.access import Access
from lockgate.sources.dynatrace import DynatraceSource
from lockgate.sources.file import FileSource
from lockgate.sources.http_client import HttpClient
from lockgate.sources.http_json import HttpJsonSource
from lockgate.sources.prometheus import PrometheusSource
from lockgate.wiring.clients import Clients

Build = Callable[[SourceName, str, SourceSettings, HttpClient, Place | None], MetricSource]
"""(name, address, settings, client of that address, what is measured) → the source"""


def _prometheus(
    name: SourceName, url: str, settings: SourceSettings, client: HttpClient, _: Place | None
) -> MetricSource:
    return PrometheusSource(url, client, _title(name), access=_access(settings, "Bearer"))


def _dynatrace(
    name: SourceName, url: str, settings: SourceSettings, client: HttpClient, place: Place | None
) -> MetricSource:
    if settings.token is None:
        raise InvalidError(f"Dynatrace answers to a token only: {_command(name)} --tenant … --token-file FILE")
    # The tags by which Keptn 0.2.2 found the service under test.
    tags = (f"service:{place.service}", f"environment:{place.namespace}") if place else ()
    return DynatraceSource(url, client, _access(settings, "Api-Token"), tags, _title(name))


def _http(name: SourceName, url: str, settings: SourceSettings, client: HttpClient, _: Place | None) -> MetricSource:
    return HttpJsonSource(url, client, _title(name), access=_access(settings, "Bearer"), hosts=settings.hosts)


def _file(name: SourceName, _url: str, settings: SourceSettings, _client: HttpClient, _: Place | None) -> MetricSource:
    if settings.samples is None:
        raise InvalidError(f"samples come from a file: {_command(name)} --samples FILE")
    return FileSource(settings.samples, _title(name))


SOURCES: Mapping[str, Build] = {"dynatrace": _dynatrace, "file": _file, "http": _http, "prometheus": _prometheus}
_PROBE: Mapping[str, Query] = {"dynatrace": dynatrace.PROBE, "http": http_json.PROBE, "prometheus": "vector(1)"}
_SENT = "the samples that were sent"


class ConfiguredSources:
    """*own*: name → the URL of the installation's own monitoring system, which `configure monitoring NAME` turns on."""

    def __init__(self, settings: Settings, clock: Clock, own: Mapping[str, str]) -> None:
        self._settings, self._clock, self._own = settings, clock, own
        self._clients = Clients()

    async def source(self, name: str, place: Place | None = None) -> MetricSource:
        """The project's own where there is one, else that of all projects."""
        known = _known(name)
        settings = await self._kept(known, place.project if place else None)
        if settings is None:
            raise PermanentError(f"metric source {name} is not configured: run `{_command(known)}`")
        return await self._built(known, settings, place)

    async def configure(self, wish: SourceWish) -> str:
        """Keep how a source is reached, after asking it something; returns its address. Raises InvalidError for
        settings that are none, and what the source raises when it does not answer."""
        name = _known(str(wish.name))
        url = wish.settings.url
        if url is None and name.kind != "file":
            url = self._own.get(str(name))
        _check(name, replace(wish.settings, url=url))
        settings = replace(wish.settings, url=url)
        now = self._clock.now()
        source = await self._built(name, settings, None)
        if name.kind in _PROBE:
            try:
                await source.query(_PROBE[name.kind], Window(start=now, end=now))
            except TransientError as error:
                raise TransientError(f"{error}; start it, or name another address with --url") from error
        await self._settings.put(_key(name, wish.project), to_json(settings, SourceSettings))
        return url or _SENT

    async def aclose(self) -> None:
        await self._clients.aclose()

    async def _built(self, name: SourceName, settings: SourceSettings, place: Place | None) -> MetricSource:
        url = settings.url or ""
        return SOURCES[name.kind](name, url, settings, await self._clients.to(url, settings.ca), place)

    async def _kept(self, name: SourceName, project: ProjectName | None) -> SourceSettings | None:
        for key in (_key(name, project), _key(name, None)):
            text = await self._settings.get(key)
            if text is not None:
                kept: SourceSettings = from_json(text, SourceSettings)
                return kept
        url = await self._settings.get(f"monitoring.{name}.url")  # as releases up to 0.1.0 kept it
        return None if url is None else SourceSettings(url=url)


def _check(name: SourceName, settings: SourceSettings) -> None:
    """Raises InvalidError for settings that this kind of source has no use for: what is ignored would be believed."""
    if name.kind == "file":
        if settings != SourceSettings(samples=settings.samples):
            raise InvalidError(f"{name} has no server: give --samples FILE and nothing else")
        return
    if settings.samples is not None:
        raise InvalidError(f"{name} takes no samples: that is lockgate configure monitoring file")
    if settings.hosts and name.kind != "http":
        raise InvalidError(f"{name} asks one host only: --allow-host is for http")
    if settings.url is None:
        how = "--tenant … --token-file FILE" if name.kind == "dynatrace" else "--url http://…"
        raise InvalidError(f"say where {name} answers: {_command(name)} {how}")
    check_address(settings.url)
    if settings.ca is not None and urlsplit(settings.url).scheme != "https":
        raise InvalidError(
            f"{settings.url} is not encrypted, so --ca-file would say nothing of it: write it with https"
        )


def check_address(url: str) -> None:
    """Raises InvalidError. One that holds a password is refused, and not repeated: it would be shown and stored; so is
    one with a query, in which a token may stand and which no question would be sent with."""
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            raise InvalidError("the address of a monitoring system may not hold a user or password: leave them out")
        _ = parts.port  # raises where that is none
    except ValueError as error:
        raise InvalidError(f"{_shown(url)} is not an address: {error}") from error
    if "?" in url or "#" in url:
        raise InvalidError("the address of a monitoring system ends before '?' or '#': what follows is never asked")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidError(f"{_shown(url)} is not the address of a monitoring system: write it as http://host:9090")


def _shown(url: str) -> str:
    """In a message: a password may stand before an `@` that a reader of addresses takes for a part of a path."""
    return "what was given" if "@" in url else repr(url)


def _known(text: str) -> SourceName:
    name = source_name(text)
    if name.kind not in SOURCES:
        raise UnknownKindError("metric source", text, SOURCES)
    return name


def _title(name: SourceName) -> str:
    """As messages call it."""
    return f"{name.kind.capitalize()}/{name.instance}" if name.instance else name.kind.capitalize()


def _access(settings: SourceSettings, scheme: str) -> Access:
    return Access(scheme, settings.token, settings.user, settings.password, settings.headers)


def _command(name: SourceName) -> str:
    return f"lockgate configure monitoring {name.kind}" + (f" --name {name.instance}" if name.instance else "")


def _key(name: SourceName, project: ProjectName | None) -> str:
    return f"monitoring.{name}" + (f"@{project}" if project else "")
