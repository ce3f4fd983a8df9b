"""The contract of sources over HTTP, for Prometheus: a server in every trouble, with Prometheus' error bodies."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from tests.lockgate.sources.http_server import HttpServer, Said, http_server
from tests.lockgate.sources.test_sources_prometheus import WINDOW, vector
from tests.lockgate.sources.troubles import SECRET, said_in

from lockgate.sources.access import Access
from lockgate.sources.http_client import HttpClient
from lockgate.sources.prometheus import PrometheusSource
from lockgate.testing.contracts.metric_source import HttpMetricSourceContract, Question, Series, Trouble

ERROR = {"status": "error", "errorType": "bad_data", "error": f"parse error near {SECRET}"}
WRONG = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "one"]}]}}


@dataclass(frozen=True, slots=True)
class PrometheusBench:
    server: HttpServer
    client: HttpClient
    secret = SECRET

    def question(self, deadline: float = 10.0) -> Question:
        access = Access(token=SECRET)
        return Question(PrometheusSource(self.server.address, self.client, "P", deadline, access), "latency", WINDOW)

    async def holding(self, series: Sequence[Series]) -> Question:
        self.server.answer = lambda _: Said(vector(*((dict(labels), value) for labels, value in series)).encode())
        return self.question()

    async def refusing(self) -> Question:
        return await self.in_trouble(Trouble.REFUSED)

    async def away(self) -> Question:
        return Question(PrometheusSource("http://127.0.0.1:1", self.client), "latency", WINDOW)

    async def in_trouble(self, trouble: Trouble) -> Question:
        self.server.answer = lambda _: said_in(trouble, ERROR, WRONG)
        return self.question(0.2 if trouble is Trouble.HANGING else 10.0)

    async def without_value(self) -> Question:
        self.server.answer = lambda _: Said(vector(({}, "NaN")).encode())
        return self.question()


class TestTroubledPrometheus(HttpMetricSourceContract):
    @pytest.fixture
    async def bench(self) -> AsyncIterator[PrometheusBench]:
        async with http_server() as server, HttpClient() as client:
            yield PrometheusBench(server, client)
