"""What `lockgate serve` is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """*data*: the control plane's folder; *gateway*: base URL at which services are reached; *prometheus_url*: the
    installation's own Prometheus, which `configure monitoring prometheus` turns on; *database_url*: PostgreSQL,
    else a SQLite file in *data*."""

    data: Path
    kubeconfig: Path
    port: int
    context: str | None = None
    gateway: str = "http://127.0.0.1:31380"
    prometheus_url: str | None = None
    scrape_seconds: float = 15
    test_seconds: int = 60
    database_url: str | None = None

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'lockgate.db'}"
