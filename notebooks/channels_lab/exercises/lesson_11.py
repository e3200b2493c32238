"""Lesson 11: an answer without a broker, which part is down, a client that survives its server."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from ..client import Client
from ..errors import Closed, LabError, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..server import LiveServer

SOON = 3.0  # seconds that a frame may take which has to come
PATIENCE = 8.0  # seconds for a server's part to be found away or back, and for a client to be back
AWAY, BACK = "The broker is away", "The broker is back"
END = "the end"


@exercise(
    "11.1",
    "An answer, at least",
    hints=(
        "What raises may be caught where it raises: the connection then has nothing to die of.",
        "A broker that is away is a ConnectionError, raised by group_send in receive_json.",
        'except ConnectionError: await self.send_json({"type": "error", "code": "unavailable"})',
    ),
)
async def an_answer_at_least(lab: Lab) -> Result:
    ana, bob = await lab.client("ana"), await lab.client("bob")
    if await _hears(bob, await _say(ana, "one")) != "one":
        return not_yet("bob to hear ana while all is well", "he did not")
    lab.server.kill_valkey()
    try:
        await lab.server.logged(AWAY, PATIENCE)
        told = await _told(ana, await _say(ana, "two"))
    finally:
        lab.server.start_valkey()
    if told != "unavailable":
        return not_yet("ana to be told 'unavailable' while Valkey is away", told)
    await lab.server.logged(BACK, PATIENCE)
    try:
        heard = await _hears(bob, await _say(ana, "three"))
    except Closed as closed:
        return not_yet("ana to stay connected", f"she was closed with {closed.code}")
    if heard != "three":
        return not_yet("bob to hear ana again with Valkey back", "he did not")
    return solved("told of the outage, and there after it")


async def _say(client: Client, text: str) -> str:
    await client.send({"text": text})
    return text


async def _hears(client: Client, text: str) -> str:
    """The text if the client hears it soon, or nothing."""
    try:
        while (await client.receive(SOON)).get("text") != text:
            pass
    except LabTimeout:
        return ""
    return text


async def _told(client: Client, text: str) -> str:
    """The code of the error that a client gets, or what came in its place."""
    try:
        while (frame := await client.receive(SOON)).get("type") == "message":
            if frame.get("text") == text:
                return "her message came"
    except LabTimeout:
        return "nothing came"
    except Closed as closed:
        return f"her connection was closed with {closed.code}"
    return str(frame.get("code") or frame)


@exercise(
    "11.2",
    "Which part is it?",
    restart=False,
    hints=(
        "The text is JSON, and has more to say than the status.",
        "json.loads(text) has the parts by name, each with its 'ok', and one more key that is no "
        "part: 'status'. The LabError comes from client.get.",
        "[part for part, said in parts.items() if part != 'status' and not said['ok']]",
    ),
)
async def which_part_is_it(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("a function, async def answer(client)", f"you have {lab.answer!r}")
    server, watchman = lab.server, Client("watchman", lab.server)
    await _asked_until(watchman, lambda status: status == 200)
    said = {"all well": await _outcome(lab.answer, watchman)}
    if said["all well"] == "[]":
        server.kill_valkey()
        try:
            await _asked_until(watchman, lambda status: status == 503)
            said["Valkey killed"] = await _outcome(lab.answer, watchman)
        finally:
            server.start_valkey()
            await _asked_until(watchman, lambda status: status == 200)
    if said.get("Valkey killed") == "['broker']":
        server.kill()
        try:
            said["the server killed"] = await _outcome(lab.answer, watchman)
        finally:
            await asyncio.to_thread(server.restart)
    wanted = {"all well": "[]", "Valkey killed": "['broker']", "the server killed": "['server']"}
    for when, parts in wanted.items():
        if said[when] != parts:
            return not_yet(f"{parts} with {when}", f"{said[when]} came")
    return solved("all well, broker, server: each by its name")


async def _asked_until(client: Client, found: Callable[[int], bool]) -> None:
    """Ask /healthz until the status is the one that is looked for. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not found((await client.get("/healthz"))[0]):  # noqa: ASYNC110 (it is asked)
            await asyncio.sleep(0.1)


@exercise(
    "11.3",
    "Survive it",
    restart=False,
    hints=(
        "Two loops: the inner one reads, the outer one connects again whatever ended the inner. "
        "And with every message you know better where you are.",
        "Closed, and a server that nobody answers for, are a LabError. The place is the epoch of "
        "the first state and the id of the last message; it goes into client.path.",
        "client.path = f\"/online/?epoch={epoch}&since={frame['id']}\" at each message, and "
        "except LabError: await asyncio.sleep(random.uniform(0, 0.5)) around it all",
    ),
)
async def survive_it(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("a function, async def answer(client, last)", f"you have {lab.answer!r}")
    eve = Client("eve", lab.server, "/online/?history=1")
    answering = asyncio.ensure_future(_outcome(lab.answer, eve, END))
    try:
        texts = await _while_the_server_dies(lab, eve, answering)
        came, _ = await asyncio.wait([answering], timeout=PATIENCE)
    finally:
        answering.cancel()
        await eve.close()
    said = answering.result() if came else "nothing"
    if said != repr(texts):
        return not_yet(f"{texts}", f"{said} came")
    return solved("killed in the middle: every text once, in order")


async def _while_the_server_dies(
    lab: Lab, eve: Client, answering: asyncio.Future[str]
) -> list[str]:
    """Talk to eve, kill her server in the middle, and return what was said."""
    server, texts = lab.server, ["one", "two", "three", END]
    await _seen(eve, answering, 0)
    await _speak(await lab.client("bob"), *texts[:2])
    server.kill()
    try:
        await asyncio.wait([answering], timeout=0.3)
        before = len(eve.frames)
        if not answering.done():
            await asyncio.to_thread(_tell_nobody, server, texts[2])
    finally:
        await asyncio.to_thread(server.restart)
    bob = await lab.client("bob")
    await _seen(eve, answering, before)
    await _speak(bob, texts[3])
    return texts


async def _seen(eve: Client, answering: asyncio.Future[str], before: int) -> None:
    """Wait until eve is connected and has more frames than ``before``, or has given up."""
    for _ in range(int(PATIENCE / 0.05)):
        if answering.done() or (eve.state == "open" and len(eve.frames) > before):
            return
        await asyncio.sleep(0.05)


async def _speak(client: Client, *texts: str) -> None:
    """Say something, and wait until it has come back: it is in the history then."""
    for text in texts:
        await client.send({"type": "message", "text": text})
        while (await client.receive_only("message"))["text"] != text:
            pass


def _tell_nobody(server: LiveServer, text: str) -> None:
    """Say something as an operator does, while the server is dead: it goes into the history."""
    server.run(f"python manage.py broadcast {text}", 10)


async def _outcome(answer: Callable[..., Any], *given: Any) -> str:
    """What the learner's function returns, or what it raised, as text."""
    try:
        return repr(await answer(*given))
    except LabError as error:
        return f"{type(error).__name__}: {str(error).partition(';')[0]}"
    except Exception as error:  # whatever the learner's code does
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
