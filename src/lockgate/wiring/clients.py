"""Connections to metric sources: kept alive, and each server has its own, so that a hanging one starves no other."""

import asyncio
import ssl

import httpx

from lockgate.domain.errors import InvalidError

_CONNECTIONS = 100  # at once to one server


class Clients:
    def __init__(self) -> None:
        self._open: dict[tuple[str, str | None], httpx.AsyncClient] = {}

    async def to(self, address: str, ca: str | None = None) -> httpx.AsyncClient:
        """For the server at *address*; *ca* in PEM is trusted instead of the machine's authorities. Raises
        InvalidError when it is none."""
        key = (address, ca)
        if key not in self._open:
            made = await asyncio.to_thread(_client, address, ca)  # reading certificates takes tens of milliseconds
            if key in self._open:
                await made.aclose()
            else:
                self._open[key] = made
        return self._open[key]

    async def aclose(self) -> None:
        while self._open:
            _, client = self._open.popitem()
            await client.aclose()


def _client(address: str, ca: str | None) -> httpx.AsyncClient:
    # Redirects are not followed, so http stays http, and the machine's certificates, slow to load, are for https.
    verify: ssl.SSLContext | bool = address.startswith("https:")
    if ca is not None:
        try:
            verify = ssl.create_default_context(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise InvalidError("the certificate authority is not in PEM: it begins with BEGIN CERTIFICATE") from error
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    # A proxy of the machine must not stand between gate and monitoring.
    return httpx.AsyncClient(trust_env=False, verify=verify, limits=limits)
