"""The composition root: settings in, a control plane out."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from lockgate.api.access import Access
from lockgate.api.app import create_app
from lockgate.charts.service import ServiceCharts
from lockgate.cluster.kubernetes import KubernetesCluster, connect
from lockgate.configrepo.git import GitConfigRepo
from lockgate.configrepo.http import GitEndpoint
from lockgate.configrepo.push import Findings, Validate
from lockgate.console.pages import router as console_router
from lockgate.delivery import lanes
from lockgate.delivery.outside import Outside, Patience
from lockgate.delivery.push import check_push
from lockgate.domain.errors import TransientError
from lockgate.domain.names import ProjectName
from lockgate.kit.clock import Clock, SystemClock
from lockgate.store.database import Database
from lockgate.store.deliveries import SqlDeliveries
from lockgate.store.evaluations import SqlEvaluations
from lockgate.store.event_log import SqlEventLog
from lockgate.store.lanes import SqlLanes
from lockgate.store.migrate import migrate
from lockgate.store.settings import SqlSettings
from lockgate.store.sole import sole
from lockgate.store.tokens import SqlTokens
from lockgate.testers.jobs import JobTester
from lockgate.wiring.first_token import first_token
from lockgate.wiring.settings import ServeSettings
from lockgate.wiring.sources import ConfiguredSources
from lockgate.wiring.templates import templates
from lockgate.workflow.dbos import DbosEngine

_SCRAPES_TO_WAIT = 1.5  # the last samples of a window are there one scrape later; half of one for the scrape itself


def control_plane(settings: ServeSettings) -> FastAPI:
    """An application that connects to its world when it starts, and lets go of it when it stops. Who runs it
    holds `alone` on the folder, since it takes up whatever runs it finds there."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    clock = SystemClock()
    database = Database(settings.database)
    own = {"prometheus": settings.prometheus_url} if settings.prometheus_url else {}
    sources = ConfiguredSources(SqlSettings(database), clock, own)
    access = Access(SqlTokens(database), clock)
    repo = GitConfigRepo(settings.data / "git")
    cluster = connect(settings.kubeconfig, settings.context)
    outside = _outside(settings, clock, database, repo, sources, cluster)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        def give_up(why: str) -> None:
            app.state.given_up = why

        async with AsyncExitStack() as stack:
            stack.push_async_callback(sources.aclose)
            stack.push_async_callback(cluster.close)
            stack.push_async_callback(database.close)
            await stack.enter_async_context(sole(database, give_up))
            await migrate(database)
            await first_token(settings.data / "token", access.tokens, clock)
            engine = DbosEngine(settings.database, clock, again=lambda error: isinstance(error, TransientError))
            lanes.register(engine, outside)
            await engine.launch()
            stack.push_async_callback(engine.close)
            turning = asyncio.create_task(lanes.keep_turning(outside, engine))
            stack.push_async_callback(_cancelled, turning)
            yield

    app = create_app(
        outside,
        access,
        templates=templates(settings.test_seconds),
        configure=sources.configure,
        lifespan=lifespan,
    )
    app.include_router(console_router(outside, access.require_session))
    app.mount("/git", GitEndpoint(repo, access.knows, _validator(outside)))
    return app


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _outside(
    settings: ServeSettings,
    clock: Clock,
    database: Database,
    repo: GitConfigRepo,
    sources: ConfiguredSources,
    cluster: KubernetesCluster,
) -> Outside:
    return Outside(
        clock=clock,
        repo=repo,
        charts=ServiceCharts(),
        cluster=cluster,
        tester=JobTester(cluster, gateway=settings.gateway),
        sources=sources,
        lanes=SqlLanes(database),
        deliveries=SqlDeliveries(database),
        events=SqlEventLog(database),
        evaluations=SqlEvaluations(database),
        patience=Patience(settle=settings.scrape_seconds * _SCRAPES_TO_WAIT),
    )


def _validator(outside: Outside) -> Validate:
    async def validate(project: ProjectName, files: Mapping[str, str], changed: tuple[str, ...]) -> Findings:
        found = await check_push(outside, project, files, changed)
        return Findings(faults=found.faults, warnings=found.remarks)

    return validate
