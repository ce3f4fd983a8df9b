"""A server on loopback that answers as a test wants, and the client of all sources."""

from collections.abc import AsyncIterator

import pytest
from tests.lockgate.sources.http_server import HttpServer, http_server

from lockgate.sources.http_client import HttpClient


@pytest.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client
