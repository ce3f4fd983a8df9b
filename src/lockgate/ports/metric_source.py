"""Ask a monitoring system what it measured, and how users name and configure one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lockgate.domain.evaluation import Answer, Window
from lockgate.domain.names import ProjectName
from lockgate.domain.project import Place
from lockgate.domain.source_name import SourceName

Query = str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How one source is reached. *url* None: the installation's own. *token*, or *user* and *password*, let us in;
    *headers* are sent besides; *ca* is a certificate authority in PEM, used instead of those that browsers know;
    *hosts* may be asked besides the host of *url*; *samples* is the text of a file of samples, for a source without a
    server."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    samples: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SourceWish:
    """What `configure monitoring` asks for; for one *project*, or for all that have none of their own."""

    name: SourceName
    settings: SourceSettings = field(default_factory=SourceSettings)
    project: ProjectName | None = None


class MetricSource(Protocol):
    async def query(self, query: Query, window: Window) -> Answer:
        """Measure without an opinion: every series with its labels and value, NaN and infinities included.

        Raises TransientError (time-out, refused, 5xx) or PermanentError (4xx, malformed answer, wrong result type);
        the message names the source, the query and what it answered, and holds no secret.
        """
        ...


class MetricSources(Protocol):
    """The configured sources by the name that a perfspec uses."""

    async def source(self, name: str, place: Place | None = None) -> MetricSource:
        """Names compare without regard to case. *place* is what is measured: its project may have a source of its
        own. Raises UnknownKindError with the known names and, for a known one that is not configured, PermanentError
        with the command that configures it."""
        ...
