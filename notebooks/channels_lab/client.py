"""Client: a named browser without a window."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from http.cookiejar import CookieJar
from typing import Any, Literal, NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from .errors import Closed, LabError, LabTimeout, Refused
from .program import text_of, watched
from .server import LiveServer

TIMEOUT = 5.0  # seconds that a client waits for anything
PASSWORD = "channels"  # of every demo user
_CHANNEL = re.compile(r"\b((?:asgi)?specific\.)[\w!.]+")
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Frame(NamedTuple):
    """One frame as the client saw it: its direction and what it carried."""

    way: Literal["sent", "received"]
    payload: Any

    def __str__(self) -> str:
        arrow = "→" if self.way == "sent" else "←"
        text = json.dumps(self.payload, ensure_ascii=False, default=repr)
        text = _CHANNEL.sub(r"\1…", text)  # another one in every run
        return f"{arrow} {text if len(text) <= 200 else text[:200] + '…'}"


class Client:
    """A named client of a live server: it has cookies, may log in, and opens one WebSocket.

    >>> ana = Client("ana", server)
    >>> await ana.connect()
    Client('ana', open)
    >>> await ana.receive()
    {'type': 'online', 'event': 'state', …}

    Frames are JSON both ways: ``send`` takes a value and makes it JSON (a ``str`` or ``bytes`` goes
    as it is), ``receive`` gives the parsed value. Every wait ends after ``timeout`` seconds.
    """

    def __init__(self, name: str, server: LiveServer, path: str = "/online/") -> None:
        self.name = name
        self.server = server
        self.path = path
        self.frames: list[Frame] = []
        self._kept: deque[Any] = deque()  # what receive_nothing() saw too early
        self._socket: ClientConnection | None = None
        self._actor = server.enrol(name)  # its name in a record
        self._cookies = CookieJar()
        # No proxy: the server is on this machine.
        self._http = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(self._cookies),
        )

    def __repr__(self) -> str:
        return f"Client({self.name!r}, {self.state})"

    @property
    def state(self) -> str:
        """``new``, ``open``, or ``closed`` with the close code."""
        if self._socket is None:
            return "new"
        code = self._socket.close_code
        return "open" if code is None else f"closed {code}"

    def tab(self, name: str | None = None, server: LiveServer | None = None) -> Client:
        """Another tab of the same browser, not connected yet: the same cookies, so the same user.

        It may have a ``name`` of its own, and be on another ``server`` when that is a second
        process on the same site (``beside``). Whatever page is in it, the browser sends the cookies
        along.
        """
        other = Client(name or self.name, server or self.server, self.path)
        other._cookies, other._http = self._cookies, self._http
        return other

    @property
    def cookies(self) -> str:
        """The header ``Cookie`` that this browser sends, such as ``csrftoken=…; sessionid=…``."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)

    # ------------------------------------------------------------------ HTTP

    async def get(self, path: str, timeout: float = TIMEOUT) -> tuple[int, str]:
        """Ask for a page as a browser does; return the HTTP status and the text."""
        return await self._ask_http(path, None, timeout)

    async def login(self, password: str = PASSWORD, timeout: float = TIMEOUT) -> Self:
        """Log in with the project's own form, as the user of this client's name."""
        path = "/accounts/login/"
        status, page = await self._ask_http(path, None, timeout)
        token = _CSRF.search(page)
        if status != 200 or not token:
            raise LabError(f"{self.name}: expected a log-in form at {path}, got HTTP {status}")
        form = {
            "username": self.name,
            "password": password,
            "csrfmiddlewaretoken": token[1],
            "next": "/me/",
        }
        status, page = await self._ask_http(path, form, timeout)
        if "sessionid" not in {cookie.name for cookie in self._cookies}:
            raise LabError(
                f"{self.name} could not log in at {path}: expected a session cookie, got HTTP "
                f"{status} without one (is there such a user, is the password right?)"
            )
        return self

    async def logout(self, timeout: float = TIMEOUT) -> Self:
        """Log out with the project's own form: the session of all tabs of this client ends."""
        tokens = [cookie.value for cookie in self._cookies if cookie.name == "csrftoken"]
        if not tokens:
            raise LabError(f"{self.name} is not logged in: await {self.name}.login() first")
        form = {"csrfmiddlewaretoken": tokens[0] or ""}
        status, _ = await self._ask_http("/accounts/logout/", form, timeout)
        if status != 200:
            raise LabError(f"{self.name} could not log out: expected HTTP 200, got HTTP {status}")
        return self

    async def _ask_http(
        self, path: str, form: dict[str, str] | None, timeout: float
    ) -> tuple[int, str]:
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.server.url + path, data, {"Origin": self.server.url})

        def ask() -> tuple[int, str]:
            try:
                with self._http.open(request, timeout=timeout) as answer:
                    return answer.status, answer.read().decode(errors="replace")
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode(errors="replace")
            except TimeoutError as error:
                raise LabTimeout(f"{self.name} waited {timeout:g} s for {path}, in vain") from error
            except OSError as error:
                raise LabError(f"{self.name}: nobody answers at {path} ({self.server})") from error

        status, page = await asyncio.to_thread(ask)
        self._note("http", label=f"{'POST' if data else 'GET'} {path} · {status}")
        return status, page

    # ------------------------------------------------------------------ WebSocket

    async def connect(self, timeout: float = TIMEOUT, origin: str | None = "") -> Self:
        """Open the WebSocket; raises ``Refused`` with the HTTP status when the server says no.

        The ``Origin`` header is the server's own address, as a page served by it would send;
        ``origin="https://evil.example"`` sends another, ``origin=None`` sends none. Connecting
        again is what reloading a page does: the connection there was is closed first.
        """
        await self.close()
        self._kept.clear()
        self._note("connect", path=self.path)
        cookies = self.cookies
        try:
            self._socket = await connect(
                self.server.ws_url(self.path),
                origin=self.server.url if origin == "" else origin,  # type: ignore[arg-type]
                additional_headers={"Cookie": cookies} if cookies else None,
                open_timeout=timeout,
                close_timeout=timeout,
                max_queue=None,  # a cell may take its time to read; pings are still answered
                max_size=None,
                proxy=None,
                create_connection=self._connection_kind(),
            )
        except InvalidStatus as error:
            status = error.response.status_code
            self._note("refused", status=status)
            raise Refused(
                f"{self.name}: {self.path} answered the handshake with HTTP {status} "
                "instead of 101 Switching Protocols",
                status,
            ) from None
        except TimeoutError:
            raise self._late(timeout, "the handshake") from None
        except (OSError, InvalidHandshake) as error:
            raise LabError(f"{self.name}: nobody answers at {self.path} ({self.server})") from error
        self._note("connected")
        return self

    async def send(self, message: Any, timeout: float = TIMEOUT) -> None:
        """Send one frame: a ``str`` or ``bytes`` as it is, anything else as JSON text."""
        socket = self._open_socket()
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        try:
            async with asyncio.timeout(timeout):
                if socket.close_code is None:
                    self._note("send", payload=text_of(raw), empty=not raw)
                await socket.send(raw)
        except ConnectionClosed:
            raise self._closed("could not send") from None
        except TimeoutError:
            raise self._late(timeout, "the server to take a frame") from None
        self.frames.append(Frame("sent", message))

    async def receive(self, timeout: float = TIMEOUT) -> Any:
        """Wait for the next frame and return it: parsed JSON, else the text, else the bytes.

        Raises ``LabTimeout`` when none comes, ``Closed`` with the close code at the end.
        """
        if self._kept:
            return self._kept.popleft()
        socket = self._open_socket()
        try:
            async with asyncio.timeout(timeout):
                raw = await socket.recv()
        except ConnectionClosed:
            self._note("saw_close")
            raise self._closed("waited for a frame") from None
        except TimeoutError:
            raise self._late(timeout, "a frame") from None
        self._note("read")
        payload: Any = raw
        if isinstance(raw, str):
            try:
                payload = json.loads(raw)
            except ValueError:
                payload = raw
        self.frames.append(Frame("received", payload))
        return payload

    async def receive_nothing(self, timeout: float = 0.3) -> bool:
        """Say whether no frame comes within ``timeout`` seconds (one that comes is kept)."""
        if not self._kept:
            try:
                self._kept.append(await self.receive(timeout))
            except LabTimeout:
                return True
        return False

    async def receive_only(self, kind: str) -> Any:
        """Wait for the next frame whose ``type`` is this; those before it are passed over."""
        while (frame := await self.receive())["type"] != kind:
            pass
        return frame

    async def wait_closed(self, timeout: float = TIMEOUT) -> int:
        """Wait until the connection is closed; return the close code, an int such as 1000."""
        socket = self._open_socket()
        try:
            async with asyncio.timeout(timeout):
                await socket.wait_closed()
        except TimeoutError:
            raise self._late(timeout, "the connection to be closed") from None
        self._note("saw_close")
        return int(socket.close_code or 1006)

    async def close(self, code: int = 1000) -> None:
        """Say goodbye and close; closing twice, or before connecting, does nothing."""
        if self._socket is not None:
            if self._socket.close_code is None:
                self._note("close", code=code)
            await self._socket.close(code)

    def drop(self) -> None:
        """Lose the network: the TCP connection ends with no goodbye, as when a cable is pulled."""
        self._note("drop")
        self._open_socket().transport.abort()

    # ------------------------------------------------------------------ the record

    def _note(self, what: str, **details: Any) -> None:
        """Note a step of the cell in the record of the server, if it keeps one."""
        if self.server.program is not None:
            self.server.program.step(what, self._actor, server=self.server.name, **details)

    def _connection_kind(self) -> type[ClientConnection] | None:
        return watched(self.server.program, self._actor) if self.server.program else None

    # ------------------------------------------------------------------ errors

    def _open_socket(self) -> ClientConnection:
        if self._socket is None:
            raise LabError(f"{self.name} is not connected: await {self.name}.connect() first")
        return self._socket

    def _trace(self) -> str:
        shown = "\n".join(f"  {frame}" for frame in self.frames[-8:])
        return f"; {self.name} saw so far:\n{shown}" if shown else f"; {self.name} saw no frame yet"

    def _late(self, timeout: float, what: str) -> LabTimeout:
        return LabTimeout(f"{self.name} waited {timeout:g} s for {what}, in vain{self._trace()}")

    def _closed(self, doing: str) -> Closed:
        code = int(self._open_socket().close_code or 1006)
        return Closed(
            f"{self.name} {doing}, but the connection is closed with {code}{self._trace()}", code
        )
