"""What carts measures about itself: POST items, and nothing else, so that probes do not dilute the average."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class PostMetrics:
    """`requests_total` and `requests_latency_seconds` without labels, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("requests", "POST items requests received", registry=self._registry)
        self._latency = Histogram("requests_latency_seconds", "Seconds to answer POST items", registry=self._registry)

    @contextmanager
    def around_request(self) -> Iterator[None]:
        """Counts the request, and its seconds however it ends."""
        self._requests.inc()
        with self._latency.time():
            yield

    def exposition(self) -> bytes:
        """Prometheus' text format 0.0.4."""
        return generate_latest(self._registry)
