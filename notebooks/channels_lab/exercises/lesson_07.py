"""Lesson 07: one connection by its address, the cost of the loop, everybody but the sender."""

from __future__ import annotations

import asyncio
from typing import Any

from ..client import Client
from ..errors import Closed, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved

HELLO = {"type": "message", "text": "hello"}
LONG = 2.0  # seconds that a frame may take which is to come
SHORT = 0.3  # seconds of silence, where none is to come
_NUMBERS = ("sends of the loop", "frames of the loop", "frames of one hello")


@exercise(
    "07.1",
    "The last one in",
    restart=False,
    hints=(
        "An address is a row. Which row was written last?",
        "Nothing is to be looped over: ask the table for one row, and send to its sid.",
        'c = UserOnline.objects.latest("id")',
    ),
)
async def the_last_one_in(lab: Lab) -> Result:
    dora, eve, finn = await lab.client("dora"), await lab.client("eve"), await lab.client("finn")
    printed = await _run(lab, "last")
    if "(exit code" in printed:
        return not_yet("last.py to run to its end", f"it says: {_last_words(printed)}")
    expected = {"type": "online", "event": "off", "message": "good night"}
    came = await _heard(finn)
    if came is None:
        return not_yet("finn, who connected last, to hear 'good night'", "nothing came")
    if came != expected:
        return not_yet(f"finn to receive {expected}", f"{came} came")
    for client in (dora, eve):
        if came := await _heard(client, SHORT):
            return not_yet(f"{client.name} not to hear anything", f"{came} came")
    return solved("finn has heard it, dora and eve have not")


@exercise(
    "07.2",
    "The bill",
    restart=False,
    hints=(
        "The loop goes over rows, a frame needs a connection.",
        "The lesson has counted the rows above; three connections are new, and each writes a row.",
        "3 rows of ghosts and 3 new ones; 3 of the 6 have somebody behind them, as has the group.",
    ),
)
async def the_bill(lab: Lab) -> Result:
    answer = lab.answer
    if not isinstance(answer, dict) or tuple(answer) != _NUMBERS:
        return not_yet(f"a number for each of {', '.join(_NUMBERS)}", f"you have {answer!r}")
    people = [await lab.client(name) for name in ("dora", "eve", "finn")]
    printed = await _run(lab, "loop")
    by_loop = await _frames(people)
    if not by_loop:
        same = "this server and the consumer of this section"
        return not_yet(same, "the loop reached nobody: run the section's cells again")
    await people[0].send(HELLO)
    by_hello = await _frames(people)
    came = dict(zip(_NUMBERS, (printed.count("sending "), by_loop, by_hello), strict=True))
    for name, number in came.items():
        if answer[name] != number:
            way = "more" if isinstance(answer[name], int) and answer[name] < number else "fewer"
            return not_yet(f"{way} {name}", f"you have {answer[name]!r}")
    return solved(f"{came[_NUMBERS[0]]} sends for {by_loop} frames, or one for {by_hello}")


@exercise(
    "07.3",
    "Everybody but me",
    hints=(
        "Every consumer of the group gets the event, the sender's too. How can it know its own?",
        "Each has an address: send it along in the event, and look at it in online_message.",
        'In the event: "sender": self.channel_name; then: if event["sender"] != self.channel_name:',
    ),
)
async def everybody_but_me(lab: Lab) -> Result:
    people = ana, bob, _ = [await lab.client(name) for name in ("ana", "bob", "cem")]
    for sender in (ana, bob):  # both say the same
        await sender.send(HELLO)
        for client in people:
            if client is not sender and (came := await _heard(client)) != HELLO:
                wanted = f"{client.name} to hear {HELLO} when {sender.name} says it"
                return not_yet(wanted, f"{came or 'nothing'} came{_end_of(client)}")
        if came := await _heard(sender, SHORT):
            return not_yet(f"{sender.name} not to hear what {sender.name} says", f"{came} came")
    for client in people:
        if came := await _heard(client, SHORT):
            return not_yet(f"{client.name} to hear each hello once", f"{came} came again")
    return solved("two have heard ana, two have heard bob, and nobody has heard themselves")


async def _run(lab: Lab, script: str) -> str:
    """Run a script of the learner's in a process of its own; return what it printed."""
    command = f"python manage.py shell -c 'import {script}'"
    return await asyncio.to_thread(lab.server.run, command, 10)


def _last_words(printed: str) -> str:
    """The error in what a failed command has printed."""
    return [line for line in printed.splitlines() if not line.startswith("(exit code")][-1].strip()


async def _heard(client: Client, timeout: float = LONG) -> Any:
    """The next frame of a client, or None."""
    try:
        return await client.receive(timeout)
    except (LabTimeout, Closed):
        return None


async def _frames(clients: list[Client]) -> int:
    """How many frames these clients receive, all together."""
    return sum(await asyncio.gather(*map(_count, clients)))


async def _count(client: Client) -> int:
    """How many frames a client receives until nothing more comes."""
    count = 0
    while await _heard(client, SHORT if count else LONG) is not None:
        count += 1
    return count


def _end_of(client: Client) -> str:
    """A word on a connection that did not survive."""
    return "" if client.state == "open" else f" ({client.name} is {client.state})"
