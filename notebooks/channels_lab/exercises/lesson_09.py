"""Lesson 09: rows in a coroutine, slow code out of the way, seats that are not sold twice."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from ..client import Client
from ..errors import Closed, LabTimeout
from ..exercise import Lab, Result, exercise, not_yet, solved

SEATS, WANTED = 3, 5
_ERROR = re.compile(r"[\w.]+(Error|Operation): ")  # the last line of a traceback
_NEW_SEATS = (
    "from account.models import Tally; "
    f'Tally.objects.update_or_create(name="seats", defaults={{"count": {SEATS}}})'
)
_LEFT = 'from account.models import Tally; print("left:", Tally.objects.get(name="seats").count)'


@exercise(
    "09.1",
    "Who is here",
    hints=(
        "The queryset is only made in one line, and asked in another. Which one asks?",
        "The list in the last line goes over the rows: that is what a coroutine may not do so.",
        "[row.sid async for row in rows]",
    ),
)
async def who_is_here(lab: Lab) -> Result:
    dora = await lab.client("dora")
    alone, instead = await _sids(lab, dora)
    if instead:
        return not_yet("dora to be told the sids", instead)
    eve = await lab.client("eve")
    both, instead = await _sids(lab, eve)
    if both[:-1] != alone or len(set(both)) != len(alone) + 1:
        wanted = f"eve to be told {len(alone) + 1} sids, those that dora was told and her own"
        return not_yet(wanted, instead or f"{len(both)} came")
    await eve.close()
    after, instead = await _sids(lab, dora)
    if after != alone:
        return not_yet("eve's sid to be gone after her", instead or f"{len(after)} came")
    return solved("dora and eve have seen the rows come and go")


async def _sids(lab: Lab, client: Client) -> tuple[list[str], str]:
    """Ask for the sids; return them and "", or nothing and what came instead, as a sentence."""
    came, instead = await _ask(lab, client, {"type": "who"})
    match came:
        case {"type": "who", "sids": list(sids)} if all(isinstance(sid, str) for sid in sids):
            return sids, ""
    return [], instead or f"{came} came"


@exercise(
    "09.2",
    "Nobody waits",
    hints=(
        "Two things may be held up: the loop, and the one thread of sync_to_async.",
        "Only the call of report() has to move, to where each call has a thread of its own.",
        "text = await asyncio.to_thread(report)",
    ),
)
async def nobody_waits(lab: Lab) -> Result:
    ana, bob, cem = [await lab.client(name) for name in ("ana", "bob", "cem")]
    await ana.send({"type": "report"})
    await lab.server.logged("a report begins", timeout=2)
    await asyncio.gather(cem.send({"type": "ping", "id": 7}), bob.send({"type": "report"}))
    for client, wanted in (
        (cem, {"type": "pong", "id": 7}),
        (ana, {"type": "report", "text": "all is well"}),
        (bob, {"type": "report", "text": "all is well"}),
    ):
        came, instead = await _next(lab, client)
        if came != wanted:
            return not_yet(f"{client.name} to be answered {wanted}", instead or f"{came} came")
    said = [line for line in lab.server.lines() if line in ("a report ends", "a pong goes out")]
    if said[:1] != ["a pong goes out"]:
        return not_yet("the pong to go out before a report ends", "it went out after it")
    return _both_at_once([line for line in lab.server.lines() if line.startswith("a report ")])


def _both_at_once(said: list[str]) -> Result:
    """Whether two reports were at work at the same time, by what the server printed."""
    if said != ["a report begins"] * 2 + ["a report ends"] * 2:
        came = "the second began when the first had ended"
        return not_yet("two reports to be made at the same time", came)
    return solved("two reports at the same time, and a ping that waited for neither")


@exercise(
    "09.3",
    "The last seats",
    hints=(
        "Between reading the seats and writing them stands an await. What has to come after it?",
        "Ask for the price first. Then take a seat in one statement that also decides, or in one "
        "function with a transaction, in one hop.",
        'free = Tally.objects.filter(name="seats", count__gt=0); '
        'taken = await free.aupdate(count=F("count") - 1)',
    ),
)
async def the_last_seats(lab: Lab) -> Result:
    await _shell(lab, _NEW_SEATS)
    clients = [await lab.client(f"client {number}") for number in range(1, WANTED + 1)]
    await asyncio.gather(*(client.send({"type": "seat"}) for client in clients))
    told = []
    for client in clients:
        came, instead = await _next(lab, client)
        if came not in ({"type": "taken"}, {"type": "full"}):
            return not_yet("everybody to be told taken or full", instead or f"{came} came")
        told.append(came["type"])
    if (taken := told.count("taken")) != SEATS:
        return not_yet(f"{SEATS} to be told taken", f"{taken} were")
    left = await _shell(lab, _LEFT)
    if left != "left: 0":
        return not_yet("no seat to be left in the table", left)
    return solved(f"{SEATS} seats are taken, {WANTED - SEATS} were told that it is full")


async def _shell(lab: Lab, source: str) -> str:
    """Run a line of Python in the project, in a process of its own; return its last line."""
    printed = await asyncio.to_thread(lab.server.run, f"python manage.py shell -v 0 -c '{source}'")
    return (printed.splitlines() or [""])[-1]


async def _ask(lab: Lab, client: Client, frame: Any) -> tuple[Any, str]:
    """Send a frame; return its answer and "", or None and what came instead, as a sentence."""
    await client.send(frame)
    return await _next(lab, client)


async def _next(lab: Lab, client: Client) -> tuple[Any, str]:
    """The next frame of a client and "", or None and what came instead, as a sentence."""
    try:
        return await client.receive(timeout=4), ""
    except LabTimeout:
        return None, "nothing came"
    except Closed as closed:
        reasons = [line for line in lab.server.lines() if _ERROR.match(line)]
        reason = f" ({reasons[-1]})" if reasons else ""
        return None, f"the connection was closed with {closed.code}{reason}"
