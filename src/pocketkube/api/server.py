"""The HTTPS server of the API."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from pocketkube.api.certificates import Certificates

_KEEP_ALIVE = 120  # seconds; kubectl and lightkube keep connections
_PATIENCE = 3  # seconds for open requests when the server ends


class ApiServer(uvicorn.Server):
    """uvicorn over TLS; signals are left to whoever runs it, who sets `should_exit`."""

    def __init__(self, app: ASGIApp, certificates: Certificates) -> None:
        config = uvicorn.Config(
            app,
            ssl_certfile=certificates.server,
            ssl_keyfile=certificates.server_key,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            access_log=False,
            log_config=None,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_PATIENCE,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
