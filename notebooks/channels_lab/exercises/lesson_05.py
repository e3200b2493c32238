"""Lesson 05: a handshake by hand, how connections end, a way back that harms nobody."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from base64 import b64encode
from hashlib import sha1

from ..exercise import Lab, Result, exercise, not_yet, solved
from ..ports import HOST
from ..shell import clean_environment

PATIENCE = 3.0  # seconds for an answer that should come at once
MOST_KNOCKS = 10  # in the first second
RETURN = 5.0  # seconds after which a client should be back
_FIXED_TEXT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


@exercise(
    "05.1",
    "By hand",
    restart=False,
    hints=(
        "A GET becomes an upgrade by its headers, and daphne's answer names what is missing.",
        "print(socket.request.headers) shows the lines that a library sends; "
        "a 403 you know from the first cell.",
        "Connection: Upgrade · Upgrade: websocket · Sec-WebSocket-Version: 13 · "
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== · Origin: http://localhost",
    ),
)
async def by_hand(lab: Lab) -> Result:
    if not isinstance(lab.answer, str):
        return not_yet("answer to be text", f"it is {lab.answer!r}")
    lines = [line.strip() for line in lab.answer.strip().splitlines()]
    status, headers = await _ask(lab.server.port or 0, lines)
    if not status.startswith("101 "):
        came = f"HTTP {status} came" if status else "no answer came"
        return not_yet("HTTP 101 Switching Protocols", came)
    key = _headers(lines).get("sec-websocket-key", "")
    proof = b64encode(sha1((key + _FIXED_TEXT).encode()).digest()).decode()
    if headers.get("sec-websocket-accept") != proof:
        return not_yet("the proof that the server has read your key", "another one came")
    return solved("101, with the proof that the server has read your key")


async def _ask(port: int, lines: list[str]) -> tuple[str, dict[str, str]]:
    """Send a request as it is; return status and reason ("" when no answer came), and headers."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        async with asyncio.timeout(PATIENCE):
            writer.write("\r\n".join([*lines, "", ""]).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return "", {}
    finally:
        writer.close()
    head = answer.decode(errors="replace").splitlines()
    return head[0].partition(" ")[2], _headers(head)


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


ENDS = ("bob closes with 4100", "bob loses the network", "the server restarts")
_PRINTED = "websocket disconnected"


@exercise(
    "05.2",
    "How did it end?",
    hints=(
        "Each side notes down what the other one has sent; what if nothing came?",
        "The cell with 4001 has both sides. Without a goodbye the code is 1006, where a side is "
        "left to note it; a server that is told to go does not wait for its consumers.",
        "(1000, 4100), then (1006, 1006), then (1006, None).",
    ),
)
async def how_did_it_end(lab: Lab) -> Result:
    if not isinstance(lab.answer, dict) or lab.answer.keys() != set(ENDS):
        return not_yet(f"answer to have the keys {', '.join(map(repr, ENDS))}", "it has others")
    server = lab.server
    bob = await lab.client("bob")
    await bob.close(4100)
    came: dict[str, tuple[int, int | None]] = {}
    came[ENDS[0]] = (await bob.wait_closed(), _code(await server.logged(_PRINTED)))
    await bob.connect()
    bob.drop()
    seen = await bob.wait_closed()
    came[ENDS[1]] = (seen, _code(await server.logged(_PRINTED, times=2)))
    await bob.connect()
    log = server.log_path
    await asyncio.to_thread(server.restart)
    goodbyes = [line for line in log.read_text().splitlines() if line.startswith(_PRINTED)]
    came[ENDS[2]] = (await bob.wait_closed(), _code(goodbyes[2]) if goodbyes[2:] else None)
    for how, codes in came.items():
        if lab.answer[how] != codes:
            wanted = f"the codes that the two sides note when {how}"
            return not_yet(wanted, f"you have {lab.answer[how]!r}")
    return solved("a code of one's own, a broken network, and a server that says no goodbye")


def _code(line: str) -> int:
    return int(line.rpartition(" ")[2])


# Runs the learner's come_back in a process of its own, so that a loop without an end can be ended.
_VISITOR = """
import asyncio, sys
from websockets.asyncio.client import connect
from come_back import come_back

address, origin = sys.argv[1:]

async def knock():
    print("knock", flush=True)
    return await connect(address, origin=origin, proxy=None)

async def visit():
    socket = await come_back(knock)
    await socket.close()
    print("back", flush=True)

asyncio.run(visit())
"""


@exercise(
    "05.3",
    "Back, but not at any price",
    restart=False,
    hints=(
        "Two questions at each failure: is it worth another try, and after how long?",
        "`except Exception` also catches the 403; only OSError means that nobody listens. "
        "And `pass` is where the loop should wait.",
        "except OSError: await asyncio.sleep(random.uniform(0, min(1, 0.1 * 2**failures)))",
    ),
)
async def back_but_not_at_any_price(lab: Lab) -> Result:
    server = lab.server
    if server.state == "running":
        server.kill()
    visitors = [await _visit(lab, "/online/")]
    try:
        knocks, ended = await _knocks(visitors[0])
        if knocks > MOST_KNOCKS:
            return not_yet(f"at most {MOST_KNOCKS} knocks in the first second", "more came")
        if ended or not knocks:
            wanted = "come_back to knock until somebody listens"
            return not_yet(wanted, await _last_words(visitors[0]))
        await asyncio.to_thread(server.restart)
        visitors.append(await _visit(lab, "/nothing/here/"))
        if not await _says_back(visitors[0]):
            wanted = f"come_back to return the connection, within {RETURN:g} s"
            return not_yet(wanted, await _last_words(visitors[0]))
        if await _knocks(visitors[1]) != (1, True):
            return not_yet("a 403 to end it after one knock", "it goes on")
        return solved("few knocks, back by itself, and a 403 is a no")
    finally:
        for visitor in visitors:
            if visitor.returncode is None:
                visitor.kill()
            await visitor.communicate()
        if server.state != "running":
            await asyncio.to_thread(server.restart)


async def _visit(lab: Lab, path: str) -> Process:
    arguments = ("-c", _VISITOR, lab.server.ws_url(path), lab.server.url)
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=PIPE, stderr=PIPE, cwd=lab.server.project,
        env=clean_environment(),
    )  # fmt: skip


async def _knocks(visitor: Process) -> tuple[int, bool]:
    """Count the knocks of a second, from the first one or until they are too many; has it ended?"""
    assert visitor.stdout is not None
    count = 0
    try:
        async with asyncio.timeout(PATIENCE) as patience:
            while count <= MOST_KNOCKS:
                if not await visitor.stdout.readline():
                    return count, True
                count += 1
                if count == 1:
                    patience.reschedule(asyncio.get_running_loop().time() + 1)
    except TimeoutError:
        pass
    return count, False


async def _says_back(visitor: Process) -> bool:
    assert visitor.stdout is not None
    try:
        async with asyncio.timeout(RETURN):
            return b"back\n" in [line async for line in visitor.stdout]
    except TimeoutError:
        return False


async def _last_words(visitor: Process) -> str:
    """What has become of a visitor: the error's name, since its message may hold an address."""
    assert visitor.stdout is not None and visitor.stderr is not None
    if not visitor.stdout.at_eof():
        return "it did not"
    words = (await visitor.stderr.read()).decode(errors="replace").strip().splitlines()
    return f"it ended with {words[-1].partition(':')[0]}" if words else "it ended"
