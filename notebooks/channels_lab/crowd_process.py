"""The process that holds all connections of a `Crowd`, and does little with each byte.

Plain sockets and one selector: a library for WebSockets would cost more than some servers do, and
then it would be measured. All listeners have to get the same frames, of one size. Whoever is ahead
says what they are, and its frames are read; of all others the bytes are compared. So nobody can
miss a message, get it twice, or get two in another order, and nobody notices.

One request a line on standard input, one answer a line on standard output, both JSON objects:

- ``{"do": "connect", "host": H, "port": P, "request": R, "count": N, "greeted": B}``
- ``{"do": "begin"}``: from now on messages are counted, from number 0
- ``{"do": "until", "count": C, "timeout": S}``: answer when all have so many, or time is up
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from typing import Any

BUFFER = 1 << 20  # bytes that one read may take
AT_ONCE = 20  # handshakes under way: a server lets only so many wait
MARK = re.compile(rb"#(\d{6})#")
CLOSE, PING, PONG = 0x8, 0x9, 0xA
LOST = "some messages are lost"  # or came twice, or in another order


class Wrong(Exception):
    """A listener did not get what it has to get."""


class Stream:
    """The frames of the messages so far; each has ``size`` bytes."""

    def __init__(self) -> None:
        self.frames = bytearray()
        self.size = 0

    def add(self, raw: bytes, number: int) -> None:
        """Note the next message; raises ``Wrong`` when it is another one."""
        expected = len(self.frames) // self.size if self.size else 0
        if number != expected:
            raise Wrong(LOST)
        self.size = self.size or len(raw)
        self.frames += raw


class Listener:
    """One connection: it has the first ``at`` bytes of the stream."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.head: bytes | None = b""  # of the server's HTTP answer, until it is whole
        self.greeted = False
        self.at = 0
        self.held = b""  # the beginning of a frame that is in no stream

    def take(self, data: bytes, stream: Stream) -> None:
        """Take what came; raises ``Wrong``."""
        if self.head is not None:
            self.head += data
            head, whole, data = self.head.partition(b"\r\n\r\n")
            if not whole:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise Wrong(f"the handshake was answered with {head[9:40].decode()!r}")
            self.head = None
        # Frame by frame, from the beginning of the one that we are in.
        inside = self.at % stream.size if stream.size else 0
        data = self.held + stream.frames[self.at - inside : self.at] + data
        self.at -= inside
        while (end := end_of_frame(data)) is not None:
            self._frame(data[:end], stream)
            data = data[end:]
        if stream.frames.startswith(data, self.at):
            self.at += len(data)
            data = b""
        self.held = data

    def _frame(self, raw: bytes, stream: Stream) -> None:
        kind = raw[0] & 0x0F
        if kind == PING:
            payload = raw[2:]
            self.socket.send(bytes([0x80 | PONG, 0x80 | len(payload)]) + b"\0" * 4 + payload)
        elif kind == CLOSE:
            raise Wrong(f"a connection was closed with {int.from_bytes(raw[2:4])}")
        elif (mark := MARK.search(raw)) is None:
            self.greeted = True
        else:
            if self.at == len(stream.frames):
                stream.add(raw, int(mark[1]))
            elif not stream.frames.startswith(raw, self.at):
                raise Wrong(LOST)
            self.at += len(raw)


def end_of_frame(data: bytes) -> int | None:
    """Where the frame ends with which this begins; None while it is not whole."""
    if len(data) < 2:
        return None
    head, length = 2, data[1]
    if length >= 126:
        head = 4 if length == 126 else 10
        length = int.from_bytes(data[2:head])
    return head + length if len(data) >= head + length else None


class Crowd:
    """All listeners of one server."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        self.listeners: list[Listener] = []
        self.stream = Stream()
        self.first = self.last = 0.0  # when the first message came, and the newest
        self.wrong = ""
        self.mark = self.behind = 0  # bytes that all are to have, and how many have not
        self._buffer = memoryview(bytearray(BUFFER))

    def connect(self, host: str, port: int, request: str, count: int, greeted: bool) -> None:
        """Open so many connections, and wait until each is open (and greeted)."""
        while len(self.listeners) < count:
            opening = []
            for _ in range(min(AT_ONCE, count - len(self.listeners))):
                connection = socket.create_connection((host, port), timeout=10)
                connection.sendall(request.encode())
                connection.setblocking(False)
                opening.append(listener := Listener(connection))
                self.listeners.append(listener)
                self.selector.register(connection, selectors.EVENT_READ, listener)
            end = time.monotonic() + 15
            while any(each.head is not None or each.greeted < greeted for each in opening):
                self.pump(1)
                if self.wrong or time.monotonic() > end:
                    raise Wrong(self.wrong or "the server let them wait")

    def begin(self) -> None:
        """Count from here; what has gone wrong stays so, since a listener was given up."""
        self.stream, self.first, self.last = Stream(), 0.0, 0.0
        for listener in self.listeners:
            listener.at, listener.held = 0, b""

    def until(self, count: int, timeout: float) -> dict[str, Any]:
        """Wait until all have so many messages, or it makes no sense to wait; how it stands."""
        end = time.monotonic() + timeout
        while not self.stream.size and not self.wrong and (left := end - time.monotonic()) > 0:
            self.pump(left)
        self.mark = count * self.stream.size
        self.behind = sum(each.at < self.mark for each in self.listeners)
        while self.behind and not self.wrong and (left := end - time.monotonic()) > 0:
            self.pump(left)
        size = self.stream.size or 1
        return {
            "have": [each.at // size for each in self.listeners],
            "seconds": self.last - self.first,
            "wrong": self.wrong,
        }

    def pump(self, seconds: float | None) -> bool:
        """Take what has come, or wait so long for it; whether there is a request to be read."""
        asked = False
        frames, buffer = self.stream.frames, self._buffer
        for key, _ in self.selector.select(seconds):
            listener: Listener | None = key.data
            if listener is None:
                asked = True
                continue
            try:
                count = listener.socket.recv_into(buffer)
                before = listener.at
                # Most often it is what somebody else has had already.
                data = buffer[:count]
                if not listener.held and count and frames.startswith(data, before):
                    listener.at = before + count
                elif count:
                    listener.take(bytes(data), self.stream)
                else:
                    raise Wrong("a connection ended")
            except (Wrong, OSError) as error:
                self.wrong = str(error)
                self.selector.unregister(listener.socket)
                continue
            if listener.at > before:
                self.last = time.monotonic()
                self.first = self.first or self.last
            if before < self.mark <= listener.at:
                self.behind -= 1
        return asked


def main() -> None:
    """Answer requests until standard input ends; listen all the while."""
    crowd = Crowd()
    while True:
        if not crowd.pump(None):
            continue
        line = sys.stdin.readline()
        if not line:
            return
        request = json.loads(line)
        try:
            answer = getattr(crowd, request.pop("do"))(**request)
            reply = {"ok": answer}
        except (Wrong, OSError) as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
