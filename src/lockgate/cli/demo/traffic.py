"""Users of the demo: requests at a steady rate through the gateway, on new and on kept-alive connections, counted."""

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

_RATE = 12.0  # requests a second of each of the two ways of connecting: 24 in all a host
_TIMEOUT = 5.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """*rate*: requests a second since the first answer. *failures*: what went wrong → how often."""

    host: str
    requests: int
    rate: float
    failures: dict[str, int]

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


@dataclass(slots=True)
class _Count:
    requests: int = 0
    first: float | None = None
    last: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)


class Traffic:
    """Starts to count at the first 200 from a host; from then on anything but 200 is a failure. Nothing is retried."""

    def __init__(self, port: int, hosts: tuple[str, ...]) -> None:
        self._port = port
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._counts = {host: _Count() for host in hosts}
        self._threads = [
            threading.Thread(target=self._drive, args=(host, kept), daemon=True, name=f"traffic {host}")
            for host in hosts
            for kept in (True, False)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> tuple[Tally, ...]:
        self._stop.set()
        for thread in self._threads:
            thread.join(_TIMEOUT * 2)
        return self.tallies()

    def tallies(self) -> tuple[Tally, ...]:
        with self._lock:
            return tuple(self._tally(host, count) for host, count in self._counts.items())

    def _tally(self, host: str, count: _Count) -> Tally:
        seconds = count.last - count.first if count.first is not None else 0.0
        return Tally(
            host=host,
            requests=count.requests,
            rate=count.requests / seconds if seconds > 0 else 0.0,
            failures=dict(count.failures),
        )

    def _drive(self, host: str, kept: bool) -> None:
        """One request after another at the rate; late ones follow at once, so that a slow answer costs no request."""
        connection = self._connect()
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += 1 / _RATE
            trouble = self._ask(connection, host, kept)
            self._note(host, trouble)
            if trouble or not kept:
                connection.close()
                connection = self._connect()
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, host: str, kept: bool) -> str:
        """What went wrong, empty for a 200."""
        headers = {"Host": host, "Connection": "keep-alive" if kept else "close"}
        try:
            connection.request("GET", "/version", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        return "" if answer.status == _OK else f"status {answer.status}"

    def _note(self, host: str, trouble: str) -> None:
        with self._lock:
            count = self._counts[host]
            if count.first is None:
                if trouble:
                    return
                count.first = time.monotonic()
            count.requests += 1
            count.last = time.monotonic()
            if trouble:
                count.failures[trouble] += 1

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)


def fetch(port: int, host: str, path: str) -> str:
    """The text of one GET through the gateway, or what went wrong, as `status 503` or the error's name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return text.strip() if answer.status == _OK else f"status {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        connection.close()
