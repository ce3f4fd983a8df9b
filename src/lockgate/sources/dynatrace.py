"""Dynatrace: which of its APIs a query means, and who answers it."""

import json
from typing import cast

from lockgate.domain.evaluation import Answer, Window
from lockgate.ports.metric_source import Query
from lockgate.sources import dynatrace_v1, dynatrace_v2
from lockgate.sources.access import Access
from lockgate.sources.answers import MalformedError, clip, read_json
from lockgate.sources.asking import Asker
from lockgate.sources.http_client import HttpClient
from lockgate.specs.queries.dynatrace import (
    DynatraceQuery,
    MetricsQuery,
    SmartscapeQuery,
    TimeseriesQuery,
    read_dynatrace,
)
from lockgate.specs.queries.reading import parsed

PROBE = {"probe": "metrics"}
"""What `configure monitoring` asks: whether the address is a tenant's, and the token one of it."""


class DynatraceSource:
    """*tenant* is the environment's base URL, such as `https://abc12345.live.dynatrace.com` or, of a managed
    cluster, `https://DOMAIN/e/ENVIRONMENT`; the token goes into the header `Authorization: Api-Token …`
    (https://docs.dynatrace.com/docs/dynatrace-api/basics/dynatrace-api-authentication). *tags* are those by which
    the service under test is found when a v1 query names neither an entity nor tags. *deadline* in seconds for a
    whole question, however many requests it takes."""

    def __init__(
        self,
        tenant: str,
        client: HttpClient,
        access: Access,
        tags: tuple[str, ...] = (),
        name: str = "Dynatrace",
        deadline: float = 10.0,
    ) -> None:
        self._asker = Asker(tenant, client, name, complaint, access, deadline)
        self._tags = tags

    async def query(self, query: Query, window: Window) -> Answer:
        """A text, or an object with `metricSelector`, asks metrics v2; one with `timeseriesId` or `smartscape` asks
        v1, as perfspecs of Keptn 0.2.2 do. A value that is null is NaN: no data, and never 0."""
        question = self._asker.question(query if isinstance(query, str) else json.dumps(query, ensure_ascii=False))
        if query == PROBE:
            return await dynatrace_v2.probe(self._asker, question)
        # mypy takes the members of a union for one object here.
        asked = cast(DynatraceQuery, parsed(read_dynatrace, query, self._asker.name))
        match asked:
            case MetricsQuery():
                return await dynatrace_v2.measure(self._asker, question, asked, window)
            case TimeseriesQuery():
                return await dynatrace_v1.timeseries(self._asker, question, asked, window, self._tags)
            case SmartscapeQuery():
                return await dynatrace_v1.smartscape(self._asker, question, asked, window)


def complaint(text: str) -> str:
    """The server's own words: `{"error": {"code", "message", "constraintViolations"}}` in both versions."""
    try:
        body = read_json(text)
    except MalformedError:
        return clip(text)
    match body:
        case {"error": {"message": str(message), "constraintViolations": [{"message": str(why)}, *_]}}:
            return clip(f"{message} {why}")
        case {"error": {"message": str(message)}}:
            return clip(message)
        case _:
            return clip(text)
