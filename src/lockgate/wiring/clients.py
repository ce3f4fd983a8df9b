"""Connections to metric sources: kept alive, and each server has its own, so that a hanging one starves no other."""

import asyncio
import ssl

from lockgate.domain.errors import InvalidError
from lockgate.sources.http_client import HttpClient


class Clients:
    def __init__(self) -> None:
        self._open: dict[tuple[str, str | None], HttpClient] = {}

    async def to(self, address: str, ca: str | None = None) -> HttpClient:
        """For the server at *address*; *ca* in PEM is trusted instead of the authorities that browsers know. Raises
        InvalidError when it is none."""
        # Comments between the certificates may be in any language; libraries read ASCII.
        ca = None if ca is None else ca.encode("ascii", errors="replace").decode()
        key = (address, ca)
        if key not in self._open:
            await asyncio.to_thread(_check, ca)  # reading certificates takes tens of milliseconds
            self._open.setdefault(key, HttpClient(ca))
        return self._open[key]

    async def aclose(self) -> None:
        while self._open:
            _, client = self._open.popitem()
            await client.aclose()


def _check(ca: str | None) -> None:
    if ca is None:
        return
    try:
        ssl.create_default_context(cadata=ca or " ")  # of an empty text it would take the machine's
    except (ssl.SSLError, ValueError) as error:
        raise InvalidError("the certificate authority is not in PEM: it begins with BEGIN CERTIFICATE") from error
