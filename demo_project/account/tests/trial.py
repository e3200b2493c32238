"""One trial: something breaks under clients that talk, and what they saw of it."""

import asyncio
import time
from collections import Counter
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

from account.tests.faults import Fault
from account.tests.newcomer import Newcomer, come
from account.tests.stage import Stage
from account.tests.talkers import Account, Talker, account, all_hear_all, settled, talking
from account.tests.waiting import until

BEFORE = 1.0
"""Seconds of undisturbed talk before a fault."""


@dataclass(frozen=True)
class Row:
    """What one fault did: a line of the table."""

    fault: str
    seconds: float
    saw: Counter[str]
    newcomer: Newcomer
    health: dict[str, str]
    silence: float
    recovery: float  # seconds from the end of the fault until everybody hears everybody
    messages: Account


async def run(stage: Stage, fault: Fault, seconds: float) -> Row:
    """Break it for that long, mend it, and say what the clients saw."""
    async with talking_on(stage) as talkers:
        await asyncio.sleep(BEFORE)  # not a wait: what is disturbed has to go on
        for talker in talkers:
            talker.saw.clear()
        begun = time.monotonic()
        await asyncio.to_thread(fault.begin, stage)
        newcomer = asyncio.create_task(come(stage.one, stage.cookies["dora"]))
        try:
            wrong, _ = await asyncio.gather(look(stage, seconds), asyncio.sleep(seconds))
        finally:
            await asyncio.to_thread(fault.end, stage)
        mended = time.monotonic()
        heard_at = await until(lambda: all_hear_all(talkers, mended), "everybody hears everybody")
        with suppress(TimeoutError):  # then the row shows what is missing
            await settled(talkers)
        saw: Counter[str] = sum((talker.saw for talker in talkers), Counter())
        row = Row(
            fault.name,
            mended - begun,
            saw,
            await newcomer,
            wrong,
            max(talker.silence for talker in talkers),
            heard_at - mended,
            account(talkers),
        )
    await until(lambda: None if stage.health() else True, "both servers are well again")
    return row


def talking_on(stage: Stage) -> AbstractAsyncContextManager[list[Talker]]:
    """Three clients that hear each other: two on one server, one on the other."""
    places = {"ana": stage.one, "bob": stage.one, "cem": stage.two}
    talkers = [Talker(name, server.address, stage.cookies[name]) for name, server in places.items()]
    return talking(talkers, lambda each: each.online >= set(places))


async def look(stage: Stage, seconds: float) -> dict[str, str]:
    """What the health pages say at some time while the fault lasts."""
    wrong: dict[str, str] = {}
    end = time.monotonic() + seconds
    while not wrong and time.monotonic() < end:
        await asyncio.sleep(0.2)
        wrong = await asyncio.to_thread(stage.health)
    return wrong
