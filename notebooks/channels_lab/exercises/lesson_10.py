"""Lesson 10: the header that gives a foreign page away, the check for it, a rate for everybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from ..client import Client
from ..errors import Closed, Refused
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..server import LiveServer

BLOG = "https://blog.board.example"
HEADERS = {
    "Origin": BLOG,
    "Referer": f"{BLOG}/cats/",
    "User-Agent": "Mozilla/5.0",
    "Sec-Fetch-Site": "same-site",
}
FOREIGN = (BLOG, "https://evil.example", "http://127.0.0.1.evil.example", "null")
AT_ONCE = 12  # messages that a page sends when it is back
FLOOD = 400  # pings without a pause


@exercise(
    "10.1",
    "What gave it away",
    restart=False,
    hints=(
        "Which of the four did the line in the log name?",
        "The server asks where the page that opens the socket comes from: what would one of its "
        "own pages say?",
        '"Origin": "http://localhost"',
    ),
)
async def what_gave_it_away(lab: Lab) -> Result:
    headers = lab.answer
    if not isinstance(headers, dict) or headers.keys() != HEADERS.keys():
        return not_yet(f"the headers {', '.join(HEADERS)}", "answer has others")
    if not all(isinstance(value, str) for value in headers.values()):
        return not_yet("each value to be text", "one is not")
    changed = [name for name in HEADERS if headers[name] != HEADERS[name]]
    if len(changed) != 1:
        came = f"you have changed {', '.join(changed)}" if changed else "you have changed none"
        return not_yet("one value to be changed", came)
    ana = await Client("ana", lab.server).login()
    status = await _status(lab.server, {**headers, "Cookie": ana.cookies})
    if status != 101:
        return not_yet(f"101, with another {changed[0]}", f"HTTP {status} came")
    return solved("a program writes its own Origin; a page cannot")


async def _status(server: LiveServer, headers: dict[str, str]) -> int:
    """The HTTP status of a handshake with these headers."""
    try:
        async with connect(
            server.ws_url(), additional_headers=headers, user_agent_header=None, proxy=None
        ):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


@exercise(
    "10.2",
    "Mend the copy",
    hints=(
        "The Origin has to be looked at before the session is: something goes around `board`.",
        "channels.security.websocket has two: one takes a list of origins, the other knows "
        "ALLOWED_HOSTS, where the board's own host stands already.",
        'application = ProtocolTypeRouter({"websocket": AllowedHostsOriginValidator(board)})',
    ),
)
async def mend_the_copy(lab: Lab) -> Result:
    ana = await Client("ana", lab.server).login()
    for origin in FOREIGN:
        if came := await _user_seen_from(ana.tab("a foreign page"), origin):
            return not_yet(f"a page of {origin} to be refused", f"it was let in as {came}")
    try:
        came = await _user_seen_from(ana.tab("the board"), "")
    except Closed as closed:
        return not_yet("the board's own page to get the state", str(closed))
    if came != "ana":
        return not_yet("the board's own page to be let in as ana", f"it was {came or 'refused'}")
    return solved("403 for four foreign pages, and the board's own is let in as ana")


async def _user_seen_from(tab: Client, origin: str) -> str | None:
    """What the board calls a page of this origin ("": its own); None if the page is refused."""
    try:
        await tab.connect(origin=origin)
    except Refused:
        return None
    try:
        state = await tab.receive()
    finally:
        await tab.close()
    return str(state["you"]["user"])


@exercise(
    "10.3",
    "Neither deaf nor drowned",
    restart=False,
    hints=(
        "Two sides: what may come at once must not be less than the page has, nor near the flood.",
        "Twice the rate may come at once: for twelve messages the rate is at least six.",
        "answer = 10",
    ),
)
async def neither_deaf_nor_drowned(lab: Lab) -> Result:
    rate = lab.answer
    if not isinstance(rate, int) or isinstance(rate, bool) or rate < 0:
        return not_yet("a whole number of messages a second", f"you have {rate!r}")
    settings = {"MESSAGES_PER_CONNECTION": str(rate), "MESSAGES_PER_USER": "0"}
    server = LiveServer(valkey=False, settings=settings)
    await asyncio.to_thread(server.start)
    try:
        return await _with_this_rate(server)
    finally:
        await asyncio.to_thread(server.stop)


async def _with_this_rate(server: LiveServer) -> Result:
    page, flood = [await Client(name, server).connect() for name in ("page", "flood")]
    if not await _all_arrive(page):
        return not_yet(f"all {AT_ONCE} messages of a page to arrive", "some did not")
    with suppress(Closed):
        for number in range(FLOOD):
            await flood.send({"type": "ping", "id": number})
        while (await flood.receive()).get("id") != FLOOD - 1:
            pass
    if flood.state != "closed 4008":
        return not_yet("the flood to be closed with 4008", f"it is {flood.state}")
    return solved(f"{AT_ONCE} at once arrive, and a flood ends with 4008")


async def _all_arrive(page: Client) -> bool:
    """Send some messages without a pause; say whether each comes back, as to everybody."""
    for number in range(AT_ONCE):
        await page.send({"type": "message", "text": f"number {number}"})
    kinds: Counter[str] = Counter()
    while kinds["message"] < AT_ONCE and not kinds["error"]:
        kinds[(await page.receive())["type"]] += 1
    return not kinds["error"]
