"""LiveServer: it is really there, it can be killed, and it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from channels_lab import Client, Closed, LabError, LabTimeout, LiveServer, ServerError
from tests.board import wait_until_online

NOTEBOOKS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[LiveServer]:
    # Nobody who is lost with a process leaves the board in the middle of another test.
    with LiveServer(settings={"PRESENCE_LEASE_SECONDS": "300"}) as live:
        yield live


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    """The server of most tests here: at the start of each it runs."""
    return shared_server if shared_server.state == "running" else shared_server.restart()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logged_in(shared_server: LiveServer) -> Client:
    return await Client("ana", shared_server).login()


@pytest.fixture
def ana(server: LiveServer, logged_in: Client) -> Client:
    """Ana, logged in and not connected."""
    return logged_in.tab()


async def test_a_client_gets_a_real_round_trip_through_it(ana: Client) -> None:
    await ana.connect()
    assert (await ana.receive())["event"] == "state"
    await ana.send({"type": "ping", "id": 7})
    assert await ana.receive() == {"type": "pong", "id": 7}
    await ana.close()


def test_its_repr_is_one_line_without_port_or_path(server: LiveServer) -> None:
    assert repr(server) == "LiveServer(demo_project, daphne, running)"


def test_its_memory_is_that_of_the_server_process(server: LiveServer) -> None:
    seen = psutil.Process(server.pid).memory_info().rss / 1024**2
    assert server.megabytes == pytest.approx(seen, rel=0.2)


def test_starting_it_twice_is_an_error_that_says_what_to_do(server: LiveServer) -> None:
    with pytest.raises(LabError, match="started already: stop\\(\\) it first"):
        server.start()


async def test_its_lines_carry_no_date_and_no_port(server: LiveServer) -> None:
    await Client("bob", server).get("/me/")
    assert await server.logged("GET /me/") == "GET /me/ 200"


async def test_waiting_for_a_line_that_never_comes_ends_with_what_was_printed(
    server: LiveServer,
) -> None:
    with pytest.raises(LabTimeout, match="waited 0.2 s for the server to print 'no such words'"):
        await server.logged("no such words", timeout=0.2)


async def test_a_server_beside_another_shares_its_people_and_dies_alone(
    server: LiveServer, ana: Client
) -> None:
    one = server
    wait_until_online(one)  # nobody is
    with LiveServer(beside=one) as two:
        assert two.url != one.url and two.env["PRESENCE_LEASE_SECONDS"] == "300"
        await ana.connect()
        await ana.receive()
        bob = await (await Client("bob", two).login()).connect()
        users = (await bob.receive())["users"]
        assert users == [{"user": "ana", "tabs": 1}, {"user": "bob", "tabs": 1}]
        assert await ana.receive() == {"type": "online", "event": "joined", "user": "bob"}
        two.kill()
        assert await bob.wait_closed() == 1006
        assert (one.state, ana.state) == ("running", "open")
        await ana.close()


async def test_kill_and_restart_keep_the_address_and_the_database(
    server: LiveServer, ana: Client
) -> None:
    url = server.url
    await ana.connect()
    server.kill()
    assert await ana.wait_closed() == 1006
    assert repr(server) == "LiveServer(demo_project, daphne, ended)"
    server.restart()
    assert server.url == url
    assert "ana" in (await ana.get("/me/"))[1]  # the session is still known


def test_a_server_beside_one_that_has_not_started_is_refused() -> None:
    with pytest.raises(LabError, match="has nothing to share yet: call start"):
        LiveServer(beside=LiveServer())


async def test_the_close_code_of_a_lost_server_reaches_the_waiting_cell(
    server: LiveServer, ana: Client
) -> None:
    await ana.connect()
    await ana.receive()
    server.kill()
    with pytest.raises(Closed, match="ana waited for a frame, but the connection is closed") as e:
        await ana.receive()
    assert e.value.code == 1006


async def test_valkey_can_be_killed_and_comes_back_on_the_same_port(server: LiveServer) -> None:
    port = int(server.env["REDIS_URL"].rsplit(":", 1)[1])
    server.kill_valkey()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    server.start_valkey()
    socket.create_connection(("127.0.0.1", port), timeout=1).close()


def test_of_several_valkeys_one_can_be_killed_and_comes_back_alone() -> None:
    with LiveServer(shards=2) as server:
        urls = server.env["REDIS_URL"].split(",")
        one, two = (("127.0.0.1", int(url.rsplit(":", 1)[1])) for url in urls)
        server.kill_valkey(2)
        socket.create_connection(one, timeout=1).close()
        with pytest.raises(OSError):
            socket.create_connection(two, timeout=1)
        server.start_valkey(2)
        socket.create_connection(two, timeout=1).close()
        with pytest.raises(LabError, match="expected a Valkey of .* from 1 to 2, got 3"):
            server.kill_valkey(3)


def test_a_taken_port_is_refused_with_the_name_of_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"port {port} is taken by .*pid {os.getpid()}"):
            LiveServer(port=port).start()


def test_a_folder_without_manage_py_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="expected a folder with a manage.py"):
        LiveServer(tmp_path)


def test_an_unknown_kind_of_server_is_refused() -> None:
    with pytest.raises(LabError, match="expected server to be one of .*'runserver'.*, got 'x'"):
        LiveServer(server="x")  # type: ignore[arg-type]


def test_a_project_that_cannot_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "manage.py").touch()
    server = LiveServer(tmp_path)
    with pytest.raises(ServerError, match="No module named 'myproject'"):
        server.start()
    assert server.state == "stopped"


def test_stopping_twice_does_nothing(server: LiveServer) -> None:
    server.stop()
    server.stop()
    assert server.state == "stopped"


# ---------------------------------------------------------------------- nothing is left behind

_START = """
import json
from channels_lab import LiveServer
server = LiveServer().start()
kept = server._process.processes
print(json.dumps({"folder": str(kept.folder), "port": server.port, "keeper": kept.keeper_pid}))
"""


def _end(manager: KernelManager, client: BlockingKernelClient) -> None:
    manager.shutdown_kernel()


def _restart(manager: KernelManager, client: BlockingKernelClient) -> None:
    manager.restart_kernel(now=True)


def _fail(manager: KernelManager, client: BlockingKernelClient) -> None:
    client.execute_interactive("1 / 0", timeout=20, output_hook=lambda _: None)
    manager.shutdown_kernel()


def _kill(manager: KernelManager, client: BlockingKernelClient) -> None:
    manager.signal_kernel(signal.SIGKILL)


@pytest.fixture(scope="module")
def managers() -> Iterator[list[KernelManager]]:
    """The kernels of the tests below: what one leaves running, the next one takes."""
    started: list[KernelManager] = []
    yield started
    for manager in started:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("end", [_restart, _end, _fail, _kill])
def test_nothing_is_left_behind_after(
    end: Callable[[KernelManager, BlockingKernelClient], None], managers: list[KernelManager]
) -> None:
    if not managers or not managers[-1].is_alive():
        managers.append(KernelManager(kernel_name="python3"))
        managers[-1].start_kernel(cwd=str(NOTEBOOKS))
    manager = managers[-1]
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
        printed: list[str] = []

        def keep(message: dict[str, dict[str, str]]) -> None:
            printed.append(message["content"].get("text", ""))

        client.execute_interactive(_START, timeout=40, output_hook=keep)
        was = json.loads("".join(printed))
        keeper = psutil.Process(was["keeper"])
        processes = [keeper, *keeper.children(recursive=True)]
        assert len(processes) >= 3  # the keeper, daphne, Valkey

        # The stop button interrupts the kernel's process group; the server must not notice.
        manager.interrupt_kernel()
        assert all(process.is_running() for process in processes)

        end(manager, client)

        _, alive = psutil.wait_procs(processes, timeout=15)
        assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
        _wait_until(lambda: not Path(was["folder"]).exists())
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", was["port"]), timeout=1)
    finally:
        client.stop_channels()


def _wait_until(true: Callable[[], bool], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, f"waited {timeout} s in vain"
        time.sleep(0.05)
