"""The command line: `python -m pocketkube serve | stop | envoy --data DIR`."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pocketkube.installation import AlreadyRunningError, Installation
from pocketkube.mesh.addresses import AddressError

_PATIENCE = 15.0  # seconds for a server to end


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 with a sentence on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # Envoy is asked every second or two, for ever.
    commands: dict[str, Callable[[argparse.Namespace], int]] = {"serve": _serve, "stop": _stop, "envoy": _envoy}
    try:
        return commands[options.command](options)
    except (AlreadyRunningError, AddressError, OSError, ValueError) as error:
        sys.stderr.write(f"pocketkube: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pocketkube", description="A Kubernetes-style API for one machine")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--data", type=Path, required=True, help="the installation's folder")
        return command

    serving = add("serve", "serve the API and run what it is told to; pods outlive it")
    serving.add_argument("--port", type=int, default=0, help="of the API; 0: the last one, or a free one")
    serving.add_argument("--gateway-port", type=int, default=31380, help="of the ingress gateway")
    serving.add_argument("--images", type=Path, nargs="+", action="extend", default=[], help="catalogue files")
    serving.add_argument("--context", default="pocketkube", help="its name in the kubeconfig that is written")
    serving.add_argument("--columns", choices=("document", "kubernetes"), default="document")
    serving.add_argument("--no-mesh", action="store_true", help="run pods, but route no traffic")
    add("stop", "end serve, and every pod")
    add("envoy", "become the Envoy that serves this installation's traffic")
    return parser


# Each command imports what it needs: `stop` and `envoy` start at once, without a web server's worth of modules.


def _serve(options: argparse.Namespace) -> int:
    from pocketkube.serve import ServeSettings, serve

    missing = [str(path) for path in options.images if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"no such catalogue of images: {', '.join(missing)}")
    settings = ServeSettings(
        data=options.data,
        port=options.port,
        gateway_port=options.gateway_port,
        images=options.images,
        context=options.context,
        columns=options.columns,
        mesh=not options.no_mesh,
    )
    asyncio.run(serve(settings))
    return 0


def _stop(options: argparse.Namespace) -> int:
    from pocketkube.runtime.stopping import stop_all

    if not options.data.is_dir():
        raise FileNotFoundError(f"there is no installation in {options.data}")
    if not Installation(options.data).end_serving(_PATIENCE):
        raise OSError(f"pocketkube did not end within {_PATIENCE:.0f} s; its pods are left as they are")
    count = stop_all(options.data.absolute())
    sys.stdout.write(f"stopped; {count} containers ended\n")
    return 0


def _envoy(options: argparse.Namespace) -> int:
    from pocketkube.mesh.bootstrap import envoy_command

    command = envoy_command(options.data.absolute())
    os.execv(command[0], command)  # noqa: S606  # This process is to become Envoy.


if __name__ == "__main__":
    sys.exit(main())
