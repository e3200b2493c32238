"""Lesson 08: the lease of a ghost, what others hear of tabs, coming back without a gap."""

from __future__ import annotations

import asyncio
import inspect
import re
from typing import Any

from ..client import Client
from ..errors import Closed, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..server import LiveServer

AN_HOUR = {"PRESENCE_LEASE_SECONDS": "3600"}
PATIENCE = 8.0  # seconds that a frame may take which has to come
LONG = 3.0  # seconds that a frame may take which may come: three beats, and some
SHORT = 0.5  # seconds of silence, where none is to come
_STEPS = ("three tabs open", "two of them close", "the last one closes")
_FORGET = (
    "from account.models import ServerLease as Lease; "
    "Lease.objects.filter(useronline__name='{}').delete()"
)


@exercise(
    "08.1",
    "Whose lease",
    restart=False,
    hints=(
        "The rules are right, only the promise is too long. Which row holds the promise?",
        "From a lease to its connections it is useronline, so a filter can ask for the name of "
        "one; expires_at is what to set, and to a time that is over.",
        "await ServerLease.objects.filter(useronline__name=name).aupdate(expires_at=now())",
    ),
)
async def whose_lease(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("a function, async def answer(name)", f"you have {lab.answer!r}")
    bob = await lab.client("bob")
    ghost = await asyncio.to_thread(LiveServer(beside=lab.server, settings=AN_HOUR).start)
    try:
        guest = await Client("guest", ghost).connect()
        name = (await guest.receive())["you"]["user"]
        await _words(bob, SHORT, f"joined {name}")
        ghost.kill()
        said = await _outcome(lab.answer, name)
        heard = await _words(bob, LONG)
    finally:
        ghost.stop()
    if f"left {name}" not in heard:
        await asyncio.to_thread(_forget, lab.server, name)
        await _words(bob, SHORT, f"left {name}")
        return not_yet("bob to hear that the guest left", said or f"{_plain(heard)} came")
    if others := [word for word in heard if "guest-" not in word]:
        return not_yet("nobody else to come or leave", f"bob heard {_plain(others)}")
    return solved("bob has heard that the guest left, and of nobody else")


@exercise(
    "08.2",
    "Three tabs",
    restart=False,
    hints=(
        "Bob is told who is online. How often does that change?",
        "A user is online from the first row to the last, however many there are between.",
        '"three tabs open": ["joined"], "two of them close": [], …',
    ),
)
async def three_tabs(lab: Lab) -> Result:
    answer = lab.answer
    if not isinstance(answer, dict) or tuple(answer) != _STEPS:
        return not_yet(f"a list for each of: {', '.join(_STEPS)}", f"you have {answer!r}")
    bob = await lab.client("bob")
    dora = await Client("dora", lab.server).login()
    tabs = [dora, dora.tab(), dora.tab()]
    came = {step: ["nothing yet"] for step in _STEPS}
    try:
        for tab in tabs:
            await (await tab.connect()).receive()
        came[_STEPS[0]] = await _of_dora(bob, "joined")
        for tab in tabs[:2]:
            await tab.close()
        came[_STEPS[1]] = await _of_dora(bob)
    finally:
        for tab in tabs:
            await tab.close()
    came[_STEPS[2]] = await _of_dora(bob, "left")
    for step in _STEPS:
        if answer[step] != came[step]:
            way = "more" if len(answer[step] or ()) < len(came[step]) else "less"
            return not_yet(f"bob to hear {way} when {step}", f"you have {answer[step]!r}")
    return solved("three tabs, two frames: joined and left")


@exercise(
    "08.3",
    "No gap, nothing twice",
    restart=False,
    hints=(
        "The place is where the client was: the server sends what came after it.",
        "It goes into the path before connect; the first frame, the state, says by its own history "
        "how far there is to read, and each message by its id how far you are.",
        "client.path = f\"/online/?epoch={history['epoch']}&since={history['last']}\", then "
        'receive() until frame["id"] is state["history"]["last"]; a "missed" ends it with None',
    ),
)
async def no_gap(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("a function, async def answer(client, history)", f"you have {lab.answer!r}")
    bob = await lab.client("bob", "/online/?history=1")
    history = (await bob.receive())["history"]
    places = [history]
    for text in ("one", "two", "three"):
        await bob.send({"type": "message", "text": text})
        while (frame := await bob.receive())["type"] != "message":
            pass  # somebody joined
        places.append(history | {"last": frame["id"]})
    for place, wanted in (
        (places[1], ["two", "three"]),
        (places[3], []),
        (places[1] | {"epoch": "another"}, None),
    ):
        came = await _came_back(lab, place)
        if came != repr(wanted):
            where = "after 'one'" if wanted else "at the end" if wanted == [] else "nobody knows"
            return not_yet(f"{wanted} for a client whose place is {where}", f"{came} came")
    return solved("nothing lost, nothing twice, and None where the gap cannot be closed")


async def _came_back(lab: Lab, place: dict[str, Any]) -> str:
    """What the learner's function returns for a client that was at this place, as text."""
    client = Client("cem", lab.server)
    try:
        return repr(await lab.answer(client, dict(place)))
    except Exception as error:  # whatever the learner's code does
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    finally:
        await client.close()


async def _outcome(answer: Any, name: str) -> str:
    """What went wrong in the learner's function, or nothing."""
    try:
        await answer(name)
    except Exception as error:  # whatever the learner's code does
        return f"answer raised {type(error).__name__}: {error}"
    return ""


async def _words(client: Client, silence: float, last: str = "") -> list[str]:
    """What a client hears of who comes and goes: up to ``last``, and then until it is silent."""
    heard: list[str] = []
    while True:
        try:
            frame = await client.receive(silence if last in ("", *heard) else PATIENCE)
        except (LabTimeout, Closed):
            return heard
        if "user" in frame:
            heard.append(f"{frame['event']} {frame['user']}")


async def _of_dora(client: Client, last: str = "") -> list[str]:
    words = await _words(client, SHORT, last and f"{last} dora")
    return [word.split()[0] for word in words if word.endswith(" dora")]


def _plain(heard: list[str]) -> str:
    """What was heard, without the numbers of guests, which differ from run to run."""
    return re.sub(r"guest-\d+", "a guest", ", ".join(heard)) or "nothing"


def _forget(server: LiveServer, name: str) -> None:
    """Take a ghost off the board that the learner's function has left there."""
    server.run(f'python manage.py shell -c "{_FORGET.format(name)}"', 10)
