"""Real servers for the tests: a daphne process, its database, and a client that connects to it."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

PROJECT = Path(__file__).resolve().parents[2]
TIMEOUT = 15.0  # seconds that any single wait may take
DAPHNE = ["-m", "daphne", "-e", "tcp:port=0:interface=127.0.0.1", "myproject.asgi:application"]
UVICORN = ["-m", "myproject.uvicorn_server", "--port", "0"]
# What daphne says when it takes connections, and what uvicorn says.
_READY = r"(Listening on TCP address |Uvicorn running on http://)127\.0\.0\.1:\d+"


def environment(database: Path, redis_url: str | None, **more: str) -> dict[str, str]:
    """The variables of a process of the project; what the shell happens to set does not count."""
    ours = {"REDIS_URL", "DATABASE_URL", "DJANGO_DEBUG", "DJANGO_SECRET_KEY", "ALLOWED_HOSTS"}
    ours |= {"FRONTEND_DIST", "PRESENCE_LEASE_SECONDS", "HISTORY_MESSAGES", "HISTORY_SECONDS"}
    ours |= {"METRICS", "LOG_FORMAT"}
    ours |= {"GUESTS", "HTTPS", "HSTS_SECONDS", "TRUSTED_PROXIES"}
    ours |= {"MESSAGES_PER_CONNECTION", "MESSAGES_PER_USER", "CONNECTIONS_PER_USER"}
    ours |= {"CONNECTIONS_PER_ADDRESS", "NEW_CONNECTIONS_PER_ADDRESS"}
    ours |= {"HANDSHAKE_SECONDS", "MAX_UNREAD_BYTES"}
    ours |= {"CLASSROOM_OPEN", "CLASSROOM_LEARNERS"}
    ours |= {"CLASSROOM_GUESSES_PER_ADDRESS", "CLASSROOM_GUESSES"}
    inherited = {key: value for key, value in os.environ.items() if key not in ours}
    given = {"DATABASE_URL": f"sqlite:///{database}", "PYTHONUNBUFFERED": "1", **more}
    given |= {"DJANGO_SETTINGS_MODULE": "myproject.settings"}
    return inherited | given | ({"REDIS_URL": redis_url} if redis_url else {})


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a `manage.py` command in a process of its own."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=TIMEOUT * 8
    )


class LiveServer:
    """One server process; use it with `with`. Its log is in `lines`, its address in `address`."""

    ready = _READY  # what it writes when it takes connections
    tls: ssl.SSLContext | None = None  # of its clients, where it speaks https

    def __init__(self, env: dict[str, str], command: list[str] = DAPHNE) -> None:
        self.env = env
        self.lines: list[str] = []
        self._command = command
        self._port = 0
        self._changed = threading.Condition()

    def __enter__(self) -> "LiveServer":
        self._process = subprocess.Popen(
            self.argv(),
            cwd=PROJECT,
            env=self.env,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.listens(self.wait_for_line(self.ready))
        except BaseException:
            self.__exit__()
            raise
        return self

    def argv(self) -> list[str]:
        """The command line of the process."""
        return [sys.executable, *self._command]

    def listens(self, line: str) -> None:
        """It takes connections, and has written this line."""
        self._port = int(re.findall(r"127\.0\.0\.1:(\d+)", line)[0])

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        if self._process.stdout:
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """The id of the process, to send it a signal."""
        return self._process.pid

    def pause(self) -> None:
        """Stop the process (SIGSTOP), though not in the middle of a write.

        SQLite's lock would stay with it, and whoever else writes would wait for its return.
        (PostgreSQL ends a transaction that is idle, after three seconds: `environment.py`.)
        """
        for _ in range(100):
            os.kill(self.pid, signal.SIGSTOP)
            if _can_be_written(self.env["DATABASE_URL"]):
                return
            self.resume()
            time.sleep(0.01)
        raise AssertionError("expected a moment at which the server does not write, got none")

    def resume(self) -> None:
        """Let the process go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def wait_for_end(self) -> int:
        """Wait until the process has ended; its exit code."""
        return self._process.wait(TIMEOUT)

    @property
    def is_uvicorn(self) -> bool:
        """Whether this is uvicorn, not daphne."""
        return self._command == UVICORN

    @property
    def address(self) -> str:
        """Host and port, as a browser would write them."""
        return f"127.0.0.1:{self._port}"

    @property
    def log(self) -> str:
        """All that the process has written so far."""
        with self._changed:
            return "".join(self.lines)

    def wait_for_line(self, pattern: str, count: int = 1) -> str:
        """The `count`-th line that matches; waits until it is there."""

        def found() -> list[str]:
            return [line.rstrip() for line in self.lines if re.search(pattern, line)]

        with self._changed:
            there = self._changed.wait_for(
                lambda: len(found()) >= count or not self._reader.is_alive(), TIMEOUT
            )
            if there and len(found()) >= count:
                return found()[count - 1]
            raise AssertionError(
                f"expected {count} line(s) {pattern!r}, got:\n" + "".join(self.lines)
            )

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    # --- clients ---

    @property
    def origin(self) -> str:
        """How an address on it begins."""
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def get(self, path: str) -> str:
        """The text of a page."""
        with urllib.request.urlopen(
            f"{self.origin}{path}", timeout=TIMEOUT, context=self.tls
        ) as response:
            text: str = response.read().decode()
            return text

    def browser(self, jar: CookieJar) -> urllib.request.OpenerDirector:
        """A client with cookies; it says where it is, as browsers do over https."""
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(jar), urllib.request.HTTPSHandler(context=self.tls)
        )
        opener.addheaders.append(("Origin", self.origin))
        return opener

    def figures(self) -> dict[str, float]:
        """What /metrics says (with METRICS=on), by name; of figures with labels the sum."""
        found: dict[str, float] = defaultdict(float)
        for line in self.get("/metrics").splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name.partition("{")[0]] += float(value)
        return found

    def wait_until_empty(self) -> None:
        """Wait until everybody has left the board: a close is over only after its answer."""
        end = time.monotonic() + TIMEOUT
        while users := json.loads(self.get("/online/"))["users"]:
            assert time.monotonic() < end, f"expected everybody to have left, got {users}"

    def log_in(self, username: str, password: str = "channels") -> str:
        """Log in over HTTP, as a browser does; returns the Cookie header of the session."""
        jar = CookieJar()
        browser = self.browser(jar)
        page = f"{self.origin}/accounts/login/"
        browser.open(page, timeout=TIMEOUT).close()
        cookies = {cookie.name: cookie.value or "" for cookie in jar}
        form = {
            "username": username,
            "password": password,
            "csrfmiddlewaretoken": cookies["csrftoken"],
        }
        browser.open(page, urllib.parse.urlencode(form).encode(), timeout=TIMEOUT).close()
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)

    def visit(self) -> tuple[str, str]:
        """Open the page as a new visitor; the Cookie header of the session, and the guest name."""
        jar = CookieJar()
        browser = self.browser(jar)
        browser.open(f"{self.origin}/plain/", timeout=TIMEOUT).close()
        with browser.open(f"{self.origin}/me/", timeout=TIMEOUT) as answer:
            name: str = json.load(answer)["user"]
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), name

    def connect(
        self, cookie: str | None = None, *, path: str = "/online/", origin: str | None = None
    ) -> AbstractAsyncContextManager[ClientConnection]:
        """A WebSocket to this server, from its own origin unless told otherwise."""
        return websockets.connect(
            f"{self.origin.replace('http', 'ws', 1)}{path}",
            origin=websockets.Origin(origin or self.origin),
            ssl=self.tls,
            additional_headers={"Cookie": cookie} if cookie else None,
            open_timeout=TIMEOUT,
            close_timeout=TIMEOUT,
            max_queue=None,  # an unread frame must not hold up the close
            proxy=None,
        )


def _can_be_written(database_url: str) -> bool:
    """Whether nobody holds SQLite's lock for longer than a write takes; True for PostgreSQL."""
    kind, _, path = database_url.partition(":///")
    if kind != "sqlite":
        return True
    with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        database.execute("ROLLBACK")
        return True


async def receive(client: ClientConnection) -> dict[str, Any]:
    """The next frame that a client gets, decoded."""
    async with asyncio.timeout(TIMEOUT):
        frame: dict[str, Any] = json.loads(await client.recv())
        return frame


async def receive_until(
    client: ClientConnection, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The next frame that is wanted; those before it are passed over."""
    async with asyncio.timeout(TIMEOUT):
        while not wanted(frame := json.loads(await client.recv())):
            pass
        return frame


async def ping(client: ClientConnection, id: str) -> dict[str, Any]:
    """Ask for a pong and return the next frame: when it is the pong, nothing came before it."""
    await client.send(json.dumps({"type": "ping", "id": id}))
    return await receive(client)


def free_port() -> int:
    """A port that was free a moment ago (runserver cannot choose one by itself)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_database(template: Path, folder: Path) -> Path:
    """A database of a test's own, already migrated."""
    return Path(shutil.copy(template, folder / "db.sqlite3"))
