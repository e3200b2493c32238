"""All connections to one server, in one process that does as little as possible with each byte.

Plain sockets and one selector: a library for WebSockets would cost more than most servers do, and
then it would be measured. What a socket has is read at once into one buffer, and compared.
"""

import selectors
import socket
import time
from collections.abc import Sequence

from account.tests.broadcast.stream import Follower, Stream, Wrong
from account.tests.raw import handshake

BUFFER = 1024 * 1024
"""Bytes that one read may take."""
PATIENCE = 60.0
"""Seconds without a single byte until we give up."""
AT_ONCE = 32
"""Handshakes under way: fewer than the 50 that daphne lets wait to be accepted."""


class Client(Follower):
    """One connection; `response` is what came of the server's HTTP answer, until it is whole."""

    __slots__ = ("greeted", "response", "socket")

    def __init__(self, stream: Stream, connection: socket.socket, *, greeted: bool) -> None:
        super().__init__(stream)
        self.socket = connection
        self.response: bytes | None = b""
        self.greeted = greeted

    @property
    def is_ready(self) -> bool:
        """Whether the handshake is over, and the server has said hello if it does so."""
        return self.response is None and self.others >= self.greeted

    def take(self, data: bytes) -> bytes:
        """Take what came, the answer to the handshake first."""
        if self.response is not None:
            self.response += data
            head, end, data = self.response.partition(b"\r\n\r\n")
            if not end:
                return b""
            if not head.startswith(b"HTTP/1.1 101"):
                raise Wrong(f"expected HTTP/1.1 101, got {head[:200]!r}")
            self.response = None
        return super().take(data)


class Crowd:
    """The connections to `addresses` (host:port), in turn, at `path`; use it with `with`.

    `headers` are taken in turn, a header line for each connection; `greeted`: the server sends a
    frame of its own as the first.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        path: str,
        headers: Sequence[str] = (),
        *,
        greeted: bool = False,
    ) -> None:
        self._doors = [
            (address, handshake(address, *lines, path=path))
            for lines in [[header] for header in headers] or [[]]
            for address in addresses
        ]
        self._greeted = greeted
        self._selector = selectors.DefaultSelector()
        self._buffer = memoryview(bytearray(BUFFER))
        self._mark = self._behind = 0
        self.stream = Stream()
        self.clients: list[Client] = []
        self.late: list[int] | None = None  # nanoseconds from sent to received, while wanted

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *exception: object) -> None:
        for client in self.clients:
            client.socket.close()
        self._selector.close()

    def come(self, count: int) -> float:
        """Open so many connections more; the seconds until the last of them was ready."""
        began = time.monotonic()
        wanted = len(self.clients) + count
        opening: list[Client] = []
        while len(self.clients) < wanted or opening:
            while len(self.clients) < wanted and len(opening) < AT_ONCE:
                opening.append(self._open())
            self._pump_until_something_comes()
            opening = [client for client in opening if not client.is_ready]
        return time.monotonic() - began

    def _open(self) -> Client:
        # On loopback the system itself connects at once, so that nobody else waits meanwhile.
        address, request = self._doors[len(self.clients) % len(self._doors)]
        host, _, port = address.partition(":")
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
        connection.sendall(request)
        connection.setblocking(False)
        client = Client(self.stream, connection, greeted=self._greeted)
        self.clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)
        return client

    def until_all_have(self, count: int) -> None:
        """Wait until everybody has so many broadcasts."""
        while not self.stream.size:  # nobody knows how long a frame is
            self._pump_until_something_comes()
        self._mark = count * self.stream.size
        self._behind = sum(client.at < self._mark for client in self.clients)
        while self._behind:
            self._pump_until_something_comes()

    def until_quiet(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        end = time.monotonic() + PATIENCE
        while self.pump(seconds):
            if time.monotonic() > end:
                raise Wrong(f"expected the server to become quiet within {PATIENCE:g} s")

    def until(self, moment: float) -> None:
        """Take what comes until a moment of time.monotonic()."""
        while (left := moment - time.monotonic()) > 0:
            self.pump(left)

    def pump(self, seconds: float) -> bool:
        """Take what has come, or wait so long for something; answer whether anything did."""
        frames, size, buffer = self.stream.frames, self.stream.size, self._buffer
        found = self._selector.select(seconds)
        for key, _ in found:
            client: Client = key.data
            count = client.socket.recv_into(buffer)
            now = time.monotonic_ns()
            before = client.at
            # Most often it is what somebody else has had already.
            if not client.held and count and frames.startswith(buffer[:count], before):
                client.at = before + count
            else:
                self._take(client, bytes(buffer[:count]))
                size = self.stream.size
            if before < self._mark <= client.at:
                self._behind -= 1
            if self.late is not None:
                for number in range(before // size, client.at // size):
                    self.late.append(now - self.stream.sent_at[number])
        return bool(found)

    def _take(self, client: Client, data: bytes) -> None:
        if not data:
            raise Wrong("expected the connection to stay open, got its end")
        if answer := client.take(data):
            client.socket.send(answer)

    def _pump_until_something_comes(self) -> None:
        if not self.pump(PATIENCE):
            have = sorted(client.at for client in self.clients)
            raise Wrong(
                f"nothing came for {PATIENCE:g} s; the clients have from {have[0]} to {have[-1]} "
                f"bytes of {self._mark}, and {self._behind} of {len(have)} wait for more"
            )
