"""Lesson 06: a value that JSON does not know, the order of answers, a type of one's own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from ..client import Client
from ..errors import Closed, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved

SIDES = (6, 1, 100, 0, -6, "six", None, 2.5, [6], 6)  # what dora asks for
_ANSWERS = {  # how the server prints them
    "from ana": "ana report",
    "'id': 1": "ana pong",
    "from bob": "bob report",
    "'id': 2": "bob pong",
}


async def _ask(lab: Lab, client: Client, frame: Any) -> tuple[Any, str]:
    """Send a frame; return its answer and "", or None and what came instead, as a sentence."""
    try:
        await client.send(frame)
        return await client.receive(timeout=2), ""
    except LabTimeout:
        return None, "nothing came"
    except Closed as closed:
        return None, f"the connection was closed with {closed.code}{await _reason(lab)}"


async def _reason(lab: Lab) -> str:
    """The error that the server printed, if it printed one."""
    try:
        return f" ({await lab.server.logged('Error: ', timeout=1)})"
    except LabTimeout:
        return ""


@exercise(
    "06.1",
    "What time is it",
    hints=(
        "JSON knows text, numbers, true, false, null, lists and objects. Which one can be a time?",
        "The last line: what stands under now has to be a text before json.dumps sees it.",
        '"now": datetime.now(UTC).isoformat()',
    ),
)
async def what_time_is_it(lab: Lab) -> Result:
    dora = await lab.client("dora")
    for _ in range(2):  # twice, for she is to stay connected
        came, instead = await _ask(lab, dora, {"type": "time"})
        if instead:
            return not_yet("an object of type 'time'", instead)
        if isinstance(came, str):
            return not_yet("an object of type 'time'", f"a text came: {came[:8]!r} …")
        if not isinstance(came, dict) or came.get("type") != "time":
            return not_yet("an object of type 'time'", f"{json.dumps(came)[:60]} came")
        if complaint := _complaint(came.get("now")):
            return complaint
    return solved("dora has asked twice, and knows the time")


def _complaint(now: Any) -> Result | None:
    """What is wrong with the time that a client was told, or None."""
    if not isinstance(now, str):
        return not_yet("a text under 'now'", f"a {type(now).__name__} came")
    try:
        told = datetime.fromisoformat(now)
    except ValueError:
        return not_yet("a time in ISO 8601 under 'now'", f"a text came: {now[:3]!r} …")
    if told.tzinfo is None:
        return not_yet("a time with its offset, such as +00:00", "a time without one came")
    if abs(datetime.now(UTC) - told) > timedelta(minutes=1):
        return not_yet("the time of this moment", "another one came")
    return None


@exercise(
    "06.2",
    "Who waits for whom",
    restart=False,
    hints=(
        "There are two queues: one for each consumer, and one before the thread that all share.",
        "During ana's report bob's ping waits for the thread; ana's ping, for ana's consumer. "
        "And bob's report, for bob's.",
        "When a handler ends, its consumer puts the next event at the end of the thread's queue.",
    ),
)
async def who_waits_for_whom(lab: Lab) -> Result:
    names = sorted(_ANSWERS.values())
    if not isinstance(lab.answer, list) or sorted(map(str, lab.answer)) != names:
        wanted = f"the four answers in some order: {', '.join(names)}"
        return not_yet(wanted, f"you have {lab.answer!r}")
    begun, gone = len(lab.server.lines("report begins")), len(lab.server.lines("out goes"))
    ana, bob = await lab.client("ana"), await lab.client("bob")
    await ana.send({"type": "message", "text": "from ana"})
    await lab.server.logged("report begins", times=begun + 1)
    await ana.send({"type": "ping", "id": 1})
    await bob.send({"type": "ping", "id": 2})
    await bob.send({"type": "message", "text": "from bob"})
    await lab.server.logged("out goes", times=gone + 4)
    lines = lab.server.lines("out goes")[gone:]
    came = [name for line in lines for words, name in _ANSWERS.items() if words in line]
    if came == lab.answer:
        return solved("four answers, in this order")
    pairs = enumerate(zip(lab.answer, came, strict=True), 1)
    number, mine = next((number, mine) for number, (mine, real) in pairs if mine != real)
    return not_yet(f"another answer as number {number}", f"you have {mine!r}")


@exercise(
    "06.3",
    "A die",
    hints=(
        "Two things have to be right: the shape of the frame, and the number in it.",
        "A case of its own, before `case _`. What does random.randint(1, 0) do?",
        'case {"type": "roll", "sides": int(sides)} if sides >= 1:',
    ),
)
async def a_die(lab: Lab) -> Result:
    dora = await lab.client("dora")
    for sides in SIDES:
        frame = {"type": "roll", "sides": sides}
        came, instead = await _ask(lab, dora, frame)
        fair = isinstance(sides, int) and sides >= 1
        wanted = f"type 'rolled' and a value from 1 to {sides}" if fair else "type 'error'"
        if instead or not (_is_rolled(came, sides) if fair else _type_of(came) == "error"):
            instead = instead or _shown(came)
            return not_yet(f"{frame} to be answered with {wanted}", instead)
    came, instead = await _ask(lab, dora, {"type": "message", "text": "hi"})
    if came != {"type": "message", "text": "hi"}:
        return not_yet("a message to be answered as before", instead or f"{came} came")
    return solved("dice are rolled or refused, and messages are answered as before")


def _type_of(came: Any) -> Any:
    return came.get("type") if isinstance(came, dict) else None


def _shown(came: Any) -> str:
    """What came, without the number that chance has made."""
    if _type_of(came) == "rolled":
        return "type 'rolled' came with another value"
    return f"type {_type_of(came)!r} came" if isinstance(came, dict) else "no object came"


def _is_rolled(came: Any, sides: Any) -> bool:
    match came:
        case {"type": "rolled", "value": int(value)}:
            return bool(1 <= value <= sides)
    return False
