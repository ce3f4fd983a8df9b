"""Routes of monitoring: how a metric source is reached, tried before it is kept."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from lockgate.api.shapes import SourceShape
from lockgate.delivery.onboarding import project_now
from lockgate.delivery.outside import Outside
from lockgate.domain.names import project_name
from lockgate.domain.source_name import source_name
from lockgate.ports.metric_source import SourceSettings, SourceWish

Configure = Callable[[SourceWish], Awaitable[str]]
"""The wish → the URL now in force. Raises InvalidError or TransientError."""


class Monitoring(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(default=None, description="Base URL; without it the installation's own", max_length=2000)
    name: str | None = Field(default=None, description="Where there are several of a kind", max_length=63)
    project: str | None = Field(default=None, description="For this project only", max_length=63)
    token: SecretStr | None = Field(default=None, max_length=10_000)
    user: str | None = Field(default=None, max_length=500)
    password: SecretStr | None = Field(default=None, max_length=10_000)
    headers: dict[str, SecretStr] = Field(default_factory=dict, max_length=50)
    ca: str | None = Field(default=None, description="A certificate authority, in PEM", max_length=1_000_000)
    hosts: list[str] = Field(default_factory=list, description="May be asked, too", max_length=100)
    samples: str | None = Field(default=None, description="The text of a file of samples", max_length=5_000_000)


def router(configure: Configure, outside: Outside) -> APIRouter:
    routes = APIRouter(prefix="/v1/monitoring", tags=["monitoring"])

    @routes.put("/{source}", response_model=SourceShape)
    async def set_source(source: str, wanted: Monitoring) -> dict[str, Any]:
        """Secrets go in and never come out."""
        wish = _wish(source if wanted.name is None else f"{source}/{wanted.name}", wanted)
        if wish.project is not None:
            await project_now(outside, wish.project)  # a misspelled one would keep what no gate ever asks for
        return {"source": str(wish.name), "url": await configure(wish)}

    return routes


def _wish(name: str, wanted: Monitoring) -> SourceWish:
    settings = SourceSettings(
        url=wanted.url,
        token=_plain(wanted.token),
        user=wanted.user,
        password=_plain(wanted.password),
        headers={header: value.get_secret_value() for header, value in wanted.headers.items()},
        ca=wanted.ca,
        hosts=tuple(wanted.hosts),
        samples=wanted.samples,
    )
    project = None if wanted.project is None else project_name(wanted.project)
    return SourceWish(source_name(name), settings, project)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
