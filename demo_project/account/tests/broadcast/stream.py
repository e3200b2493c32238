"""What every client has to receive, and how far each has come.

All clients of one server must receive the same bytes: the frames of the broadcasts, one after the
other. The client that is ahead says what they are; its frames are read, and their numbers checked.
Of all others the bytes are compared, which costs next to nothing. So what is checked is complete:
nobody can miss a message, get it twice, or get two in another order, and nobody notices.
"""

import re
from typing import NamedTuple

from account.tests.raw import PING, PONG, TEXT, frame

TEXT_BYTES = 100
"""The length of every text, the same for all servers; what is around it is each server's own."""
_MARK = re.compile(rb"#(\d{10}) (\d{20}) ")


def text(number: int, sent_at: int) -> str:
    """The text of a broadcast: its number from 0 on, and time.monotonic_ns() as it was sent."""
    return f"#{number:010} {sent_at:020} ".ljust(TEXT_BYTES, "x")


class Wrong(Exception):
    """A client did not get what it has to get."""


class Stream:
    """The frames of the broadcasts so far; each has `size` bytes, 0 while there is none."""

    def __init__(self) -> None:
        self.frames = bytearray()
        self.size = 0
        self.sent_at: list[int] = []  # of each broadcast, by time.monotonic_ns()

    def add(self, raw: bytes, number: int, sent_at: int) -> None:
        """Note the next broadcast. Raises Wrong when it is not the next one."""
        if number != len(self.sent_at):
            raise Wrong(f"expected broadcast {len(self.sent_at)}, got {number}: {raw!r}")
        self.size = self.size or len(raw)
        if len(raw) != self.size:
            raise Wrong(f"expected a frame of {self.size} bytes, got {raw!r}")
        self.frames += raw
        self.sent_at.append(sent_at)


class Follower:
    """One client's place in the stream: it has the first `at` bytes of it.

    Between those there may be other frames, which differ from client to client: pings are answered,
    texts without a broadcast's mark are counted in `others`. `held` is the beginning of a frame
    that nobody else has had.
    """

    __slots__ = ("at", "held", "others", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.at = 0
        self.held = b""
        self.others = 0

    def take(self, data: bytes) -> bytes:
        """Take what came from the server and return what is to be answered.

        Raises Wrong when it is not what it has to be.
        """
        frames, size = self.stream.frames, self.stream.size
        if not self.held:
            known = min(len(data), len(frames) - self.at)
            if frames.startswith(data[:known], self.at):
                self.at += known
                data = data[known:]
        # Frame by frame, from the beginning of the one that we are in.
        inside = self.at % size if size else 0
        data = self.held + frames[self.at - inside : self.at] + data
        self.at -= inside
        answers, done = b"", 0
        while (found := first_frame(data, done)) is not None:
            answers += self._take_frame(found)
            done += len(found.raw)
        rest = data[done:]
        if self.stream.frames.startswith(rest, self.at):
            self.at += len(rest)
            rest = b""
        self.held = rest
        return answers

    def _take_frame(self, found: "ServerFrame") -> bytes:
        if found.opcode == PING:
            return frame(PONG, found.payload)
        if found.opcode != TEXT:
            raise Wrong(f"expected texts and pings, got {found.raw!r}")
        mark = _MARK.search(found.payload)
        if mark is None:
            self.others += 1
            return b""
        if self.at == len(self.stream.frames):
            self.stream.add(found.raw, int(mark[1]), int(mark[2]))
        elif not self.stream.frames.startswith(found.raw, self.at):
            raise Wrong(f"expected broadcast {self.at // self.stream.size}, got {found.raw!r}")
        self.at += len(found.raw)
        return b""


class ServerFrame(NamedTuple):
    """A whole frame of a server, which is never masked."""

    opcode: int
    payload: bytes
    raw: bytes


def first_frame(data: bytes, start: int) -> ServerFrame | None:
    """The frame that begins there; None while it is not whole."""
    if len(data) < start + 2:
        return None
    head, length = 2, data[start + 1]
    if length >= 126:
        head = 4 if length == 126 else 10
        if len(data) < start + head:
            return None
        length = int.from_bytes(data[start + 2 : start + head])
    end = start + head + length
    if len(data) < end:
        return None
    return ServerFrame(data[start] & 0x0F, data[start + head : end], data[start:end])
