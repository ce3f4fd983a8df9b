"""What the stand-in knows: it asks a real Prometheus, and nothing it says is made up."""

import math
from dataclasses import dataclass

import httpx

from dynatracestandin.entities import Service, UnsupportedError, Wanted, service_of

_LATENCY = "requests_latency_seconds"
_BY = "sum by (service, job, release)"
_MICROSECONDS = 1e6
_TIMEOUT = 8.0


class PrometheusError(RuntimeError):
    """Prometheus gave no answer, or none that can be read."""


@dataclass(frozen=True, slots=True)
class Span:
    """UTC milliseconds."""

    start: int
    end: int

    @property
    def look_back(self) -> str:
        return f"{max(1, math.ceil((self.end - self.start) / 1000))}s"


class Measuring:
    def __init__(self, prometheus: str) -> None:
        self._url = f"{prometheus.rstrip('/')}/api/v1/query"
        self._http = httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT)

    async def response_time(
        self, aggregation: str, percentile: float, span: Span, wanted: Wanted
    ) -> dict[Service, float]:
        """Microseconds over the span; NaN where no request came. *aggregation*: AVG, MEDIAN or PERCENTILE. Raises
        UnsupportedError for one that Prometheus' histogram cannot give."""
        past = f"[{span.look_back}]"
        match aggregation:
            case "AVG":
                query = f"{_BY} (rate({_LATENCY}_sum{past})) / {_BY} (rate({_LATENCY}_count{past}))"
            case "MEDIAN" | "PERCENTILE":
                share = 0.5 if aggregation == "MEDIAN" else percentile / 100
                buckets = f"sum by (service, job, release, le) (rate({_LATENCY}_bucket{past}))"
                query = f"histogram_quantile({share:g}, {buckets})"
            case _:
                raise UnsupportedError(f"the stand-in cannot give {aggregation} of response times")
        found = await self._asked(query, span, wanted)
        return {service: value * _MICROSECONDS for service, value in found.items()}

    async def requests(self, span: Span, wanted: Wanted) -> dict[Service, float]:
        """How many requests came in the span, as Prometheus extrapolates."""
        return await self._asked(f"{_BY} (increase({_LATENCY}_count[{span.look_back}]))", span, wanted)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _asked(self, query: str, span: Span, wanted: Wanted) -> dict[Service, float]:
        form = {"query": query, "time": f"{span.end / 1000:.3f}"}
        try:
            answer = (await self._http.post(self._url, data=form)).raise_for_status().json()
            rows = [(service_of(row["metric"]), float(row["value"][1])) for row in answer["data"]["result"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise PrometheusError(f"Prometheus did not answer: {error or type(error).__name__}") from error
        return {service: value for service, value in rows if service is not None and wanted.holds(service)}
