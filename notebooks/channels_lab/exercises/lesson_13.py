"""Lesson 13: where messages go that are too many, what a broadcast costs, one that reads slowly."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import closing
from typing import Any

from ..client import Client
from ..crowd import LENGTH, Crowd
from ..crowd_process import CLOSE, end_of_frame
from ..errors import LabError
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..ports import HOST

CLIENTS = 30
BURST = 200  # messages at once: twice of what the core layer keeps
MESSAGES = 10  # of which the bill is made
LARGE, LARGE_MESSAGES = 100_000, 100  # more than the buffers of the system take for one connection
LONG = 8.0  # seconds that a client may wait for what is to come
SHORT = 3.0  # seconds from one message to the next
# Sends texts to the group, from a process of the project, as quickly as the layer takes them.
_SAY = """
import asyncio
from channels.layers import get_channel_layer as layer
async def say():
    for number in range({count}):
        text = f"#{{number:06}}# hello".ljust({length}, ".")
        event = {{"type": "online.message", "from": "check", "text": text}}
        await layer().group_send("online", event)
asyncio.run(say())
"""
_BILL = {
    "encodings": "json.dumps",
    "hops to a thread": "concurrent.futures.thread.submit",
    "frames made": "autobahn.websocket.protocol.sendFrame",
}


@exercise(
    "13.1",
    "Where did they go?",
    hints=(
        "Nobody raised, nobody logged. Between the sender and the consumers there is one place "
        "that may be full.",
        "It is an option of the layer's CONFIG, beside hosts; the documentation of channels_redis "
        "has its default, 100.",
        '"hosts": [os.environ["REDIS_URL"]], "capacity": 1000',
    ),
)
async def where_did_they_go(lab: Lab) -> Result:
    crowd = Crowd(CLIENTS, lab.server)
    try:
        await crowd.connect()
        rung = await crowd.measure(
            "a burst",
            lambda texts: _say_to_a_busy_server(lab, len(texts)),
            messages=BURST,
            at_once=BURST,
            rounds=1,
            timeout=LONG,
        )
    finally:
        await crowd.close()
    if not rung.whole:
        wanted = f"{CLIENTS} clients to get each of {BURST} messages sent at once"
        return not_yet(wanted, rung.wrong)
    return solved(f"{CLIENTS} clients got each of {BURST} messages sent at once")


@exercise(
    "13.2",
    "The bill",
    hints=(
        "What stands in the loop over the connections happens for each client, what stands before "
        "it for each message.",
        "json.dumps stands before the loop; send() in it makes a frame each time. And where is the "
        "dispatch that hopped to a thread?",
        f"{MESSAGES} times, never, and {MESSAGES} × {CLIENTS} times.",
    ),
)
async def the_bill(lab: Lab) -> Result:
    answer = lab.answer
    if not isinstance(answer, dict) or tuple(answer) != tuple(_BILL):
        return not_yet(f"a number for each of {', '.join(_BILL)}", f"you have {answer!r}")
    crowd = Crowd(CLIENTS, lab.server)
    try:
        await crowd.connect()
        async with lab.server.profile() as profile:
            rung = await crowd.measure(
                "the bill",
                lambda texts: _say(lab, len(texts)),
                messages=MESSAGES,
                at_once=MESSAGES,
                rounds=1,
                timeout=LONG,
            )
    finally:
        await crowd.close()
    if not rung.whole:
        return not_yet("the fan-out of this section", f"{rung}: run the section's cells again")
    for name, function in _BILL.items():
        came = profile.calls(function)
        if answer[name] != came:
            way = "more" if isinstance(answer[name], int) and answer[name] < came else "fewer"
            return not_yet(f"{way} {name}", f"you have {answer[name]!r}")
    deliveries = MESSAGES * CLIENTS
    return solved(f"{', '.join(f'{answer[name]} {name}' for name in _BILL)}: {deliveries} arrive")


@exercise(
    "13.3",
    "One who does not read",
    hints=(
        "On uvicorn `await send` ends when the client has taken enough of what is waiting for it. "
        "Who waits meanwhile?",
        "Let nobody wait for long: bound each send by asyncio.timeout, and close a connection that "
        "was too slow. close() has to wait for the same client, so put it into a task.",
        "except TimeoutError: connections.discard(connection); "
        "tasks.append(asyncio.create_task(connection.close(code=4008)))",
    ),
)
async def one_who_does_not_read(lab: Lab) -> Result:
    ana, bob = await lab.client("ana"), await lab.client("bob")
    with closing(await asyncio.to_thread(_connect_slowly, lab.server.port)) as slow:
        cem = await lab.client("cem")  # after the slow one
        saying = asyncio.create_task(_say(lab, LARGE_MESSAGES, LARGE))
        try:
            for client in (ana, bob, cem):
                if problem := await _has_all(client):
                    wanted = f"{client.name} to hear all of it while another one does not read"
                    return not_yet(wanted, problem)
        finally:
            await saying
        code = await asyncio.to_thread(_close_code, slow)
        if code is None:
            return not_yet("the one who does not read to be closed with a code", "none came")
        if code < 3000:
            return not_yet("a close code of your own, from 4000 on", f"{code} came")
        for client in (ana, bob, cem):
            if client.state != "open":
                return not_yet(f"{client.name}, who reads, to stay connected", f"{client} came")
    return solved(f"three heard everything, and the one who did not read is closed with {code}")


async def _say(lab: Lab, count: int, length: int = LENGTH) -> None:
    """Let a process of the project send so many texts to the group."""
    code = _SAY.format(count=count, length=length).replace('"', '\\"')
    printed = await asyncio.to_thread(lab.server.run, f'python manage.py shell -c "{code}"', 15)
    if "(exit code" in printed:
        lines = [line for line in printed.splitlines() if not line.startswith("(exit code")]
        raise LabError(f"a message could not be sent: {lines[-1].strip()}")


async def _say_to_a_busy_server(lab: Lab, count: int) -> None:
    """Send them while the server does not get to read: how quick it is must not matter."""
    os.kill(lab.server.pid, signal.SIGSTOP)
    try:
        await _say(lab, count)
    finally:
        os.kill(lab.server.pid, signal.SIGCONT)


async def _has_all(client: Client) -> str:
    """Whether a client hears all texts in their order: an empty string, or what is wrong."""
    for number in range(LARGE_MESSAGES):
        try:
            frame: Any = await client.receive(SHORT if number else LONG)
        except LabError:
            return "it has to wait" if client.state == "open" else f"{client.name} was closed"
        if f"#{number:06}#" not in frame.get("text", ""):
            return "a message is missing"
    return ""


def _connect_slowly(port: int | None) -> socket.socket:
    """A WebSocket that does not read, with as little room as the system gives."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(LONG)
    connection.connect((HOST, port or 0))
    lines = (
        "GET /online/ HTTP/1.1",
        f"Host: {HOST}:{port}",
        f"Origin: http://{HOST}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return connection


def _close_code(connection: socket.socket) -> int | None:
    """Read all that was sent; the code of the close at its end, None when there is none."""
    data = b""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    try:
        while piece := connection.recv(1 << 20):
            data += piece
            while (end := end_of_frame(data)) is not None:
                if data[0] & 0x0F == CLOSE:
                    return int.from_bytes(data[2:4])
                data = data[end:]
    except OSError:
        pass
    return None
