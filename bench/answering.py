"""Answers every instant query as Prometheus does, after so many milliseconds; `hang` is never answered.

It shares the machine with what is measured, so it does as little as a server can: no framework, and answers that were
prepared beforehand but for the time.
"""

import asyncio
import re
import socket
import sys

DELAY = float(sys.argv[1]) / 1000
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TIME = re.compile(rb"(?:^|&)time=([0-9.]+)")
_HEAD_END = b"\r\n\r\n"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_BODY = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{"release":"r"},"value":[%s,"0.5"]}]}}'


class Answering(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        # Without it a second small packet waits for the other side's delayed acknowledgement, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (form := self._next_form()) is not None:
            self._asked(form)

    def _next_form(self) -> bytes | None:
        """The body of the next whole request."""
        head = self._received.find(_HEAD_END)
        if head < 0:
            return None
        begin = head + len(_HEAD_END)
        length = _LENGTH.search(self._received, 0, head)
        end = begin + (int(length[1]) if length else 0)
        if len(self._received) < end:
            return None
        form = bytes(self._received[begin:end])
        del self._received[:end]
        return form

    def _asked(self, form: bytes) -> None:
        if b"query=hang&" in form:
            return
        time = _TIME.search(form)
        body = _BODY % (time[1] if time else b"0")
        answer = _HEAD % len(body) + body
        if DELAY:
            asyncio.get_running_loop().call_later(DELAY, self._say, answer)
        else:
            self._say(answer)

    def _say(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=2000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
