"""Asking a container how it is: one look over HTTP, TCP or by a command."""

import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LAST_WORDS_SECONDS = 1.0  # for what a killed command had still to say
_LONGEST_ANSWER = 10 * 1024  # bytes of a body or an output that are read, as kubelet does
_REST = 0.25  # seconds for the rest of an answer whose status is known


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is kubelet's sentence for an event, empty for a healthy container."""

    healthy: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The container to be asked: its address, its named ports, and where a command runs."""

    address: str
    ports: Mapping[str, int]
    root: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Timing:
    """When to look and what to make of it; seconds and counts, with Kubernetes' defaults."""

    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, probe: Mapping[str, Any]) -> "Timing":
        return cls(
            initial_delay=float(probe.get("initialDelaySeconds") or 0),
            period=float(probe.get("periodSeconds") or 10),
            timeout=float(probe.get("timeoutSeconds") or 1),
            successes=int(probe.get("successThreshold") or 1),
            failures=int(probe.get("failureThreshold") or 3),
        )


async def ask(probe: Mapping[str, Any], target: Target) -> Answer:
    """Looks once; whatever goes wrong is an unhealthy answer. ValueError for a probe that names no way to look."""
    timeout = Timing.of(probe).timeout
    try:
        async with asyncio.timeout(timeout):
            if probe.get("httpGet") is not None:
                return await _http(probe["httpGet"], target)
            if probe.get("tcpSocket") is not None:
                return await _tcp(probe["tcpSocket"], target)
            if probe.get("exec") is not None:
                return await _command(probe["exec"].get("command") or [], target)
    except TimeoutError:
        return Answer(False, f"no answer within {timeout:g} s")
    except OSError as error:
        return Answer(False, str(error))
    raise ValueError(f"a probe needs httpGet, tcpSocket or exec; this one has {sorted(probe)}")


async def run_command(command: Sequence[str], target: Target) -> tuple[int, str]:
    """Runs a command as if inside the container: (exit code, start of its output). Cancelled, it is killed."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=target.root,
        env=dict(target.environment),
        start_new_session=True,
    )
    try:
        output, _ = await child.communicate()
    finally:
        if child.returncode is None:  # So it is not collected yet, and its number still its own.
            os.killpg(child.pid, signal.SIGKILL)
            # Its end is waited for: an event loop that closes first would leave a pipe that nobody can close.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await child.communicate()
    return child.returncode or 0, output[:_LONGEST_ANSWER].decode(errors="replace").strip()


def port_number(port: int | str, ports: Mapping[str, int]) -> int:
    """A probe's port: a number, or the name of one of the container's ports. OSError for a name it has not."""
    if isinstance(port, int):
        return port
    if port in ports:
        return ports[port]
    if port.isdigit():
        return int(port)
    raise OSError(f'the container has no port named "{port}"')


async def _tcp(action: Mapping[str, Any], target: Target) -> Answer:
    port = port_number(action["port"], target.ports)
    _, writer = await asyncio.open_connection(action.get("host") or target.address, port)
    await _close(writer)
    return Answer(True)


async def _http(action: Mapping[str, Any], target: Target) -> Answer:
    host, port = action.get("host") or target.address, port_number(action["port"], target.ports)
    reader, writer = await asyncio.open_connection(host, port, ssl=_tls(action))
    try:
        writer.write(_request(action, host, port))
        await writer.drain()
        status_line = (await reader.readline()).decode("latin-1").split(maxsplit=2)
        if len(status_line) < 2 or not status_line[1].isdigit():
            return Answer(False, "the answer is not HTTP")
        status = int(status_line[1])
        await _rest(reader)
    finally:
        await _close(writer)
    if 200 <= status < 400:
        return Answer(True)
    return Answer(False, f"HTTP probe failed with statuscode: {status}")


def _request(action: Mapping[str, Any], host: str, port: int) -> bytes:
    headers = {"Host": f"{host}:{port}", "User-Agent": "kube-probe/1", "Accept": "*/*"}
    for header in action.get("httpHeaders") or []:
        standard = {name.lower(): name for name in headers}
        headers[standard.get(header["name"].lower(), header["name"])] = header["value"]
    headers["Connection"] = "close"
    path = action.get("path") or "/"
    lines = [f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace")


async def _rest(reader: asyncio.StreamReader) -> None:
    """Reads the answer to its end, so that the container does not see its connection reset on each probe."""
    left = _LONGEST_ANSWER
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_REST):
            while left > 0 and (chunk := await reader.read(left)):
                left -= len(chunk)


def _tls(action: Mapping[str, Any]) -> ssl.SSLContext | None:
    if str(action.get("scheme") or "HTTP").upper() != "HTTPS":
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # As kubelet does: a probe asks for life, not for identity.
    return context


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


async def _command(command: Sequence[str], target: Target) -> Answer:
    if not command:
        return Answer(False, "the probe's command is empty")
    code, output = await run_command(command, target)
    return Answer(code == 0, "" if code == 0 else output or f"exit code {code}")
