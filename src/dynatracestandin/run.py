"""Starting the stand-in: where Prometheus answers, and the one token that it lets in."""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from dynatracestandin.app import create_app
from dynatracestandin.measuring import Measuring

_LOOPBACK = "127.0.0.1"


def main() -> int:
    """Runs until SIGTERM or SIGINT. Prints its address in one line when it listens; the token is in its file."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    token = f"dt0c01.STANDIN.{secrets.token_urlsafe(32)}"
    _write_secret(arguments.token_file, token)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_LOOPBACK, arguments.port))
        listener.listen()
        port = listener.getsockname()[1]
        sys.stdout.write(f"http://{_LOOPBACK}:{port}\n")
        sys.stdout.flush()
        logging.getLogger("dynatrace-stand-in").info(
            "a stand-in for Dynatrace at http://%s:%s, measuring with %s", _LOOPBACK, port, arguments.prometheus
        )
        if arguments.until_stdin_ends:
            threading.Thread(target=_end_with_stdin, daemon=True).start()
        app = create_app(Measuring(arguments.prometheus), token)
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="on")
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _end_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dynatrace-stand-in", description=sys.modules["dynatracestandin"].__doc__)
    parser.add_argument("--prometheus", required=True, help="where the real measurements are")
    parser.add_argument("--token-file", type=Path, required=True, help="the token is written there, for its owner only")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end with whoever holds standard input open")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    return parser.parse_args()


def _write_secret(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")
