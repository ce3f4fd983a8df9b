"""Ask a monitoring system what it measured."""

from collections.abc import Mapping
from typing import Any, Protocol

from lockgate.domain.evaluation import Answer, Window

Query = str | Mapping[str, Any]


class MetricSource(Protocol):
    async def query(self, query: Query, window: Window) -> Answer:
        """Measure without an opinion: every series with its labels and value, NaN and infinities included.

        Raises TransientError (time-out, refused, 5xx) or PermanentError (4xx, malformed answer, wrong result type);
        the message names the source, the query and what it answered.
        """
        ...


class MetricSources(Protocol):
    """The configured sources by the name that a perfspec uses."""

    async def source(self, name: str) -> MetricSource:
        """Names compare without regard to case. Raises UnknownKindError with the known names and, for a known one
        that is not configured, PermanentError with the command that configures it."""
        ...
