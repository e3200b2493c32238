"""Lesson 14: what a host must be told, what a dead shard takes along, saying a thing once."""

from __future__ import annotations

import asyncio
import inspect
from time import monotonic
from typing import Any
from zlib import crc32

from ..client import Client
from ..errors import Closed, LabError, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..server import LiveServer

SOON = 1.5  # seconds in which comes what comes by the broker; what the beat mends takes two
BEATS = {"PRESENCE_LEASE_SECONDS": "10"}  # a beat every two seconds
PATIENCE = 10.0  # seconds that a frame may take which has to come
_SAID = ("at once", "late", "unavailable")
_CASES = ("to all", "to cem", "to bob", "a newcomer")


@exercise(
    "14.1",
    "What a host must be told",
    restart=False,
    hints=(
        "A host needs to find what the others find, and to believe what they have signed.",
        "Three of the variables at the head of demo_project/myproject/settings.py: the broker, the "
        "database, the key.",
        'names = "REDIS_URL", "DATABASE_URL", "DJANGO_SECRET_KEY"; return {name: site[name] …}',
    ),
)
async def what_a_host_must_be_told(lab: Lab) -> Result:
    if not inspect.isfunction(lab.answer):
        return not_yet("a function, def answer(site)", f"you have {lab.answer!r}")
    told = lab.answer(dict(lab.server.env))
    if not isinstance(told, dict) or not all(isinstance(each, str) for each in told.values()):
        return not_yet("a dict of names and texts", f"{told!r} came")
    if len(told) > 3:
        return not_yet("three variables", f"{len(told)} came: the rest is a machine's own")
    bob = await lab.client("bob")
    cem = await Client("cem", lab.server).login()
    host = LiveServer(lab.server.project, valkey=False, settings=told)
    try:
        await asyncio.to_thread(host.start, PATIENCE)
        tab = await cem.tab(server=host).connect()
        state = await tab.receive()
        if state["you"]["user"] != "cem":
            return not_yet("cem to be cem on the new host, too", "he is a guest there")
        if "bob" not in [each["user"] for each in state["users"]]:
            return not_yet("the new host to know of bob", "he is on another board")
        await bob.send({"type": "message", "text": "are you there?", "to": "cem"})
        if not await _hears(tab, "are you there?", SOON):
            return not_yet("cem to hear bob on the new host", "he hears nothing")
        await tab.close()
    finally:
        host.stop()
    return solved("cem is cem on the new host, sees bob and hears him")


@exercise(
    "14.2",
    "The other shard",
    restart=False,
    hints=(
        "Which of the four depends on a single shard, and which on all of them?",
        "The group is on Valkey 1, and so is bob's channel; cem's is on Valkey 2. Whoever comes "
        "asks both for what is to come.",
        "Two come at once: what is to all, and what is to bob. The others are unavailable.",
    ),
)
async def the_other_shard(lab: Lab) -> Result:
    answer = lab.answer
    if not isinstance(answer, dict) or tuple(answer) != _CASES:
        return not_yet(f"a word for each of: {', '.join(_CASES)}", f"you have {answer!r}")
    for case, word in answer.items():
        if word not in _SAID:
            return not_yet(f"'at once', 'late' or 'unavailable' for {case}", f"you have {word!r}")
    second = await asyncio.to_thread(LiveServer(beside=lab.server, settings=BEATS).start)
    try:
        other = await _first_that_is_other(answer, lab.server, second)
    finally:
        second.stop()
    if other:
        return not_yet(f"something else for {other}", f"you have {answer[other]!r}")
    return solved("all and bob at once; cem and a newcomer have to wait for Valkey 2")


async def _first_that_is_other(
    answer: dict[str, str], first: LiveServer, second: LiveServer
) -> str:
    """The first case of which something else becomes while Valkey 2 is away; empty for none.

    Ana is on the first process, the others are on the second.
    """
    ana, bob, cem, dora = people = [
        await _on_shard(name, server, shard)
        for name, server, shard in (
            ("ana", first, 1),
            ("bob", second, 1),
            ("cem", second, 2),
            ("dora", second, 1),
        )
    ]
    hearers = {"to all": (None, dora), "to cem": ("cem", cem), "to bob": ("bob", bob)}
    newcomer = Client("newcomer", second)
    # The first process may have lost a broker, and found it again, in the lesson.
    times = [(each, len(each.lines("The broker is back")) + 1) for each in (first, second)]
    first.kill_valkey(2)
    try:
        for server, time in times:
            await server.logged("The broker is away", PATIENCE, time)
        for case, word in answer.items():
            if case in hearers:
                came = await _outcome(ana, case, *hearers[case])
            else:
                came = await _welcome(newcomer)
            if came != word:
                return case
        return ""
    finally:
        first.start_valkey(2)
        await asyncio.gather(*(person.close() for person in people), newcomer.close())
        for server, time in times:
            await server.logged("The broker is back", PATIENCE, time)


async def _on_shard(name: str, server: LiveServer, number: int) -> Client:
    """A client whose channel is on this one of two shards: it comes anew until it is."""
    client = await Client(name, server).login()
    while True:
        await client.connect()
        sid = (await client.receive())["you"]["sid"]
        if (crc32(sid.encode()) & 0xFFF) * 2 // 4096 + 1 == number:
            return client


async def _welcome(client: Client) -> str:
    try:
        frame = await (await client.connect()).receive()
    except LabError:
        return "unavailable"
    return "unavailable" if frame["type"] == "error" else "at once"


async def _outcome(ana: Client, text: str, to: str | None, hearer: Client) -> str:
    """What becomes of a message: it is heard at once, or late, or refused."""
    began = monotonic()
    await ana.send({"type": "message", "text": text, "to": to})
    if not await _hears(hearer, text, SOON if to else PATIENCE):
        return "unavailable"
    return "at once" if monotonic() - began < SOON else "late"


async def _hears(client: Client, text: str, patience: float) -> bool:
    deadline = monotonic() + patience
    while (left := deadline - monotonic()) > 0:
        try:
            if (await client.receive(left)).get("text") == text:
                return True
        except LabTimeout:
            return False
    return False


class _Unlucky(Client):
    """A client that loses its connection twice: after what it said was taken, and before."""

    process: LiveServer
    was_killed = was_cut = False

    async def receive(self, timeout: float = PATIENCE) -> Any:
        """Receive as any client; the server dies with the answer to ``two`` on its way."""
        frame = await super().receive(timeout)
        if frame.get("text") == "two" and not self.was_killed:
            self.was_killed = True
            await asyncio.to_thread(self.process.kill)
            await self.wait_closed()
            raise self._closed("waited for a frame")
        return frame

    async def send(self, message: Any, timeout: float = PATIENCE) -> None:
        """Send as any client; the network is gone before ``three`` has left."""
        if isinstance(message, dict) and message.get("text") == "three" and not self.was_cut:
            self.was_cut = True
            self.drop()
            await self.wait_closed()
            raise self._closed("could not send")
        await super().send(message, timeout)


@exercise(
    "14.3",
    "Say it once",
    restart=False,
    hints=(
        "Before you say it again, look whether it was said. Who knows that?",
        "The history: come back with the place where you were, and the state says by its own "
        "history how far there is to read. What was said and not heard is among that.",
        "Read until place['last'] is state['history']['last'], and append your own texts to said; "
        "then go on with texts[len(said):], each sent and then waited for.",
    ),
)
async def say_it_once(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("a function, async def answer(client, other, texts)",
                       f"you have {lab.answer!r}")  # fmt: skip
    texts = ["one", "two", "three"]
    bob = await lab.client("bob")
    mortal = await asyncio.to_thread(LiveServer(beside=lab.server).start)
    client = _Unlucky("dora", mortal)
    client.process = mortal
    try:
        await client.login()
        ended = ""
        try:
            await lab.answer(client, lab.server, list(texts))
        except Closed as closed:
            ended = f", and then answer ended with {closed.code}"
        except Exception as error:  # whatever the learner's code does
            ended = f", and then answer raised {type(error).__name__}"
        await bob.send({"type": "message", "text": "the end"})
        came = await _said_by(bob, "dora", "the end")
    finally:
        await client.close()
        mortal.stop()
    if came != texts:
        return not_yet(f"{texts}, each once", f"{came} came{ended}")
    return solved("a process killed, a network lost: three texts, each once")


async def _said_by(client: Client, name: str, last: str) -> list[str]:
    """What somebody has said to all, up to the client's own last text."""
    heard = []
    while (frame := await client.receive(PATIENCE)).get("text") != last:
        if frame.get("from") == name:
            heard.append(frame["text"])
    return heard
