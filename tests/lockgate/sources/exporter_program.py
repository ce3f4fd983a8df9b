"""Metrics of services without the services: GET /NAME, and POST /NAME with the seconds of its requests, one a line.

Also PUT /NAME with a text that GET then gives as it is. Prints its port. Started by test_sources_live.py.
"""

import sys
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Histogram, generate_latest


class Service:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.latency = Histogram("requests_latency_seconds", "Seconds a request", registry=self.registry)


SERVICES: defaultdict[str, Service] = defaultdict(Service)
TEXTS: dict[str, bytes] = {}


class Exporter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(TEXTS.get(self.path) or generate_latest(SERVICES[self.path].registry))

    def do_POST(self) -> None:
        for line in self._body().split():
            SERVICES[self.path].latency.observe(float(line))
        self._answer(b"")

    def do_PUT(self) -> None:
        TEXTS[self.path] = self._body()
        self._answer(b"")

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
