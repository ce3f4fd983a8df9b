"""Routes of monitoring: where a metric source answers, tried before it is kept."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from lockgate.api.shapes import SourceShape

Configure = Callable[[str, str | None], Awaitable[str]]
"""(source, url or None for the installation's own) → the URL now in force. Raises InvalidError or TransientError."""


class Monitoring(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, description="Base URL; without it the installation's own", max_length=2000)


def router(configure: Configure) -> APIRouter:
    routes = APIRouter(prefix="/v1/monitoring", tags=["monitoring"])

    @routes.put("/{source}", response_model=SourceShape)
    async def set_source(source: str, wanted: Monitoring) -> dict[str, Any]:
        return {"source": source, "url": await configure(source, wanted.url)}

    return routes
