"""`make serve`: the board with its Valkey on one port, and one Ctrl-C that stops all of it."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
import websockets

from channels_lab.ports import free_port
from channels_lab.shell import clean_environment

NOTEBOOKS = Path(__file__).resolve().parents[1]
SECONDS = 20.0


def start(port: int, database: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "channels_lab", "serve", f"--port={port}"]
    return subprocess.Popen(
        [*command, f"--database={database}", *more],
        cwd=NOTEBOOKS,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(database: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = start(port, database, *more)
    try:
        assert process.stdout
        for line in process.stdout:  # ends with the process, if it does not start
            if "Log in as" in line:
                break
        yield process, port
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is kept from one `make serve` to the next: the first of them makes its tables."""
    return tmp_path_factory.mktemp("served") / "db.sqlite3"


@pytest.fixture
def served(database: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with serving(database) as started:
        yield started


def test_it_serves_the_board_until_ctrl_c_and_leaves_nothing(
    served: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = served
    with urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as page:
        assert page.status == 200
    processes = psutil.Process(process.pid).children(recursive=True)
    assert len(processes) >= 3  # the keeper, daphne, Valkey
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def servers_of(process: subprocess.Popen[str], mark: str) -> list[psutil.Process]:
    """The server processes below it, by a word of their command line."""
    below = psutil.Process(process.pid).children(recursive=True)
    return [one for one in below if mark in one.cmdline()]


def holder_of(server: list[psutil.Process], client: websockets.ClientConnection) -> psutil.Process:
    """Which of these processes has the other end of a client's connection."""
    port = client.local_address[1]
    [holder] = [
        one for one in server for end in one.net_connections("tcp") if end.raddr[1:] == (port,)
    ]
    return holder


@pytest.mark.parametrize(("kind", "mark"), [("daphne", "daphne"), ("uvicorn", "--fd")])
async def test_two_workers_share_the_port_and_their_clients_hear_each_other(
    database: Path, kind: str, mark: str
) -> None:
    with serving(database, "--workers=2", f"--server={kind}") as (process, port):
        workers = servers_of(process, mark)
        assert len(workers) == 2
        async with AsyncExitStack() as stack:
            served: dict[psutil.Process, websockets.ClientConnection] = {}
            for _ in range(100):  # which of them takes a connection is up to the system
                client = await stack.enter_async_context(board(port))
                await asyncio.wait_for(client.recv(), SECONDS)
                served[holder_of(workers, client)] = client
                if len(served) == 2:
                    break
            one, two = served.values()
            for speaker, hearer in ((one, two), (two, one)):
                await speaker.send('{"type": "message", "text": "hello"}')
                async with asyncio.timeout(SECONDS):
                    while '"hello"' not in str(await hearer.recv()):
                        pass
                    while '"hello"' not in str(await speaker.recv()):
                        pass
            process.send_signal(signal.SIGINT)
            for client in served.values():
                await asyncio.wait_for(client.wait_closed(), SECONDS)
                assert client.close_code == 1012
        assert await asyncio.to_thread(process.wait, SECONDS) == 0
        _, alive = psutil.wait_procs(workers, timeout=SECONDS)
        assert alive == []
        output, _ = process.communicate(timeout=SECONDS)
        assert "Traceback" not in output
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def board(port: int) -> websockets.connect:
    """A guest's WebSocket to the board."""
    here = f"127.0.0.1:{port}"
    origin = websockets.Origin(f"http://{here}")
    return websockets.connect(f"ws://{here}/online/", origin=origin, max_queue=None, proxy=None)


def test_the_end_of_one_worker_is_said_and_is_the_end_of_all(database: Path) -> None:
    with serving(database, "--workers=2") as (process, _):
        workers = servers_of(process, "daphne")
        workers[0].kill()
        _, error = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
        assert error == "The server ended by itself: the lines above say why.\n"
        _, alive = psutil.wait_procs(workers, timeout=SECONDS)
        assert alive == []


def test_a_taken_port_is_one_sentence_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(port, tmp_path / "db.sqlite3")
        _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert error.startswith(f"Cannot serve: port {port} is taken by ")
    assert len(error.strip().splitlines()) == 1
