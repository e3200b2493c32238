"""inprocess.enter(): a cell becomes part of the project, in a real kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1]
Run = Callable[[str], str]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Run]:
    """Run a cell in the kernel of all tests here, and return the last of what it shows."""
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=60,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )

    def run(source: str) -> str:
        cell = nbformat.v4.new_code_cell(source)
        client.nb.cells.append(cell)
        client.execute_cell(cell, len(client.nb.cells) - 1)
        output = cell.outputs[-1]
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
        return str(output.get("text") or output.data["text/plain"])

    with client.setup_kernel():
        yield run


_BEFORE = """
from channels_lab import Client, LiveServer
from channels_lab.inprocess import enter
enter(LiveServer())
"""
_ENTER = """
server = LiveServer().start()
enter(server)
from account.models import UserOnline
from channels.layers import get_channel_layer
ana = await Client("ana", server).login()
await ana.connect()
await ana.receive()
"""


@pytest.fixture(scope="module")
def too_early(kernel: Run) -> str:
    """What a cell is told that enters a server before its start."""
    return kernel(_BEFORE)


@pytest.fixture(scope="module")
def run(kernel: Run, too_early: str) -> Run:
    """The kernel after it has entered a server, on which ana is connected and nobody else."""
    shown = kernel(_ENTER)
    assert "'event': 'state'" in shown, shown
    return kernel


def test_entering_before_the_start_says_to_start(too_early: str) -> None:
    assert too_early.endswith("has no database and no broker yet: call start() first")


def test_a_cell_reads_the_rows_of_the_live_server_and_sends_to_one_of_them(run: Run) -> None:
    shown = run(
        "row = await UserOnline.objects.aget()\n"
        "event = {'type': 'online.off', 'message': 'chao-kakao'}\n"
        "await get_channel_layer().send(row.sid, event)\n"
        "await ana.receive()",
    )
    assert shown == "{'type': 'online', 'event': 'off', 'message': 'chao-kakao'}"


def test_the_same_server_is_entered_twice_without_harm(run: Run) -> None:
    assert run("enter(server)\nawait UserOnline.objects.acount()") == "1"


def test_entering_another_server_says_to_restart_the_kernel(run: Run) -> None:
    shown = run("enter(LiveServer().start())")
    assert shown.startswith("LabError: this kernel is set up for Django already")
    assert "restart the kernel" in shown


# The last test here: who comes in it stays.
def test_300_sockets_stay_open_for_10_idle_seconds_and_all_get_one_message_of_a_cell(
    run: Run,
) -> None:
    shown = run(
        "import asyncio\n"
        # Tabs of three users: to announce 300 would be another test, the board's.
        "users = [await Client(name, server).login() for name in ('bob', 'cem', 'dora')]\n"
        "crowd = [user.tab() for user in users for _ in range(100)]\n"
        "for start in range(0, 300, 50):\n"
        "    await asyncio.gather(*(each.connect() for each in crowd[start:start + 50]))\n"
        "await asyncio.sleep(10)  # the idle time itself is what is tested\n"
        "event = {'type': 'online.message', 'from': 'a cell', 'text': 'still there?'}\n"
        "await get_channel_layer().group_send('online', event)\n"
        "async def told(client):\n"
        "    while (frame := await client.receive(15))['type'] != 'message':\n"
        "        pass\n"
        "    return frame['text'], client.state\n"
        "heard = await asyncio.gather(*map(told, crowd))\n"
        "heard.count(('still there?', 'open'))",
    )
    assert shown == "300"
