"""`lockgate serve`: the control plane alone, against any cluster that a kubeconfig names."""

import logging
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli.ending import End, Ending
from lockgate.cli.manner import Manner, local
from lockgate.domain.errors import PermanentError


@local
def serve(
    manner: Manner,
    kubeconfig: Annotated[Path, typer.Option("--kubeconfig", help="The cluster to deliver to.", envvar="KUBECONFIG")],
    data: Annotated[Path, typer.Option("--data", help="Folder of the control plane.")] = Path("~/.lockgate/control"),
    context: Annotated[
        str | None, typer.Option("--context", help="A context of the kubeconfig, else its current one.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On the loopback interface.")] = 7676,
    gateway: Annotated[str, typer.Option("--gateway", help="Where services are reached.")] = "http://127.0.0.1:31380",
    prometheus_url: Annotated[
        str | None, typer.Option("--prometheus-url", help="The Prometheus of this installation.")
    ] = None,
    scrape_seconds: Annotated[float, typer.Option("--scrape-seconds", min=0.1, help="Its scrape interval.")] = 15,
    test_seconds: Annotated[
        int, typer.Option("--test-seconds", min=1, help="Load of a performance check, for services onboarded next.")
    ] = 60,
    database_url: Annotated[
        str | None,
        typer.Option("--database-url", help="PostgreSQL instead of a SQLite file.", envvar="LOCKGATE_DATABASE_URL"),
    ] = None,
) -> None:
    """Run the control plane in the foreground."""
    if not kubeconfig.expanduser().is_file():
        raise End(Ending.USAGE, f"Cannot find file {kubeconfig}: --kubeconfig names the cluster to deliver to")
    # These take a second to import, and every other command can do without them.
    import uvicorn

    from lockgate.cli.serving import Server
    from lockgate.wiring.alone import alone
    from lockgate.wiring.assemble import control_plane
    from lockgate.wiring.collector import calm_collector
    from lockgate.wiring.settings import ServeSettings

    settings = ServeSettings(
        data=data.expanduser().resolve(),
        kubeconfig=kubeconfig.expanduser(),
        context=context,
        port=port,
        gateway=gateway,
        prometheus_url=prometheus_url,
        scrape_seconds=scrape_seconds,
        test_seconds=test_seconds,
        database_url=database_url,
    )
    try:
        with alone(settings.data):
            _log_what_happens(manner)
            app = control_plane(settings)
            config = uvicorn.Config(
                app,
                host="127.0.0.1",
                port=port,
                access_log=False,
                timeout_graceful_shutdown=3,
                log_level="debug" if manner.verbose else "warning" if manner.quiet else "info",
            )
            server = Server(config, app.state.stopping, lambda: bool(app.state.given_up))
            calm_collector()
            with suppress(KeyboardInterrupt):  # Ctrl-C has been heard, and raises once more when all is over
                server.run()
        if not server.started:
            raise SystemExit(1)
        if app.state.given_up:
            raise End(Ending.ERRORED, app.state.given_up)
    except PermanentError as error:
        raise End(Ending.ERRORED, str(error)) from error
    except SystemExit as end:  # uvicorn has codes of its own, which would read as outcomes of a delivery
        if end.code:
            message = f"the control plane on port {port} could not start: the lines above say why"
            raise End(Ending.ERRORED, message) from end


def _log_what_happens(manner: Manner) -> None:
    """Our own lines, such as how each stage run ended; of libraries only what is wrong."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("lockgate").setLevel(
        logging.DEBUG if manner.verbose else logging.WARNING if manner.quiet else logging.INFO
    )
