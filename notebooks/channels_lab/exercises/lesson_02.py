"""Lesson 02: an echo by hand, a refusal through the router, a model that comes too early."""

from __future__ import annotations

import asyncio
import re

from ..client import Client
from ..errors import LabTimeout, Refused, ServerError
from ..exercise import Lab, Result, exercise, not_yet, solved

TICK = 1.3  # seconds in which daphne has noticed an exception; it looks once a second
START_TIMEOUT = 8.0  # seconds
RAISED = "Exception inside application: "


@exercise(
    "02.1",
    "An echo, by hand",
    restart=False,
    hints=(
        "One receive() gives one event. How often must you ask, and which event is the last?",
        "After websocket.accept: a loop around receive() that looks at event['type'].",
        "while (event := await receive())['type'] == 'websocket.receive': "
        "await send({'type': 'websocket.send', 'text': event['text']})",
    ),
)
async def an_echo_by_hand(lab: Lab) -> Result:
    if problem := await _restart(lab):
        return problem
    ana, bob = await lab.client("ana"), await lab.client("bob")
    for client, text in ((ana, "one"), (bob, "two"), (ana, "three"), (ana, "four")):
        await client.send(text)
        try:
            came = await client.receive(timeout=1)
        except LabTimeout:
            return not_yet(f"{client.name}'s text {text!r} to come back", "nothing came")
        if came != text:
            return not_yet(f"{client.name}'s text {text!r} to come back", f"{came!r} came")
    await ana.close()
    if raised := await _exception(lab):
        return not_yet("the function to return when ana leaves", f"it raised {raised!r}")
    return solved("every text came back to the one who sent it, and the goodbye was heard")


async def _restart(lab: Lab) -> Result | None:
    """Restart daphne on what the learner has written; a result when that fails, else None.

    Well within the time of a check: a restart that outlives it would get in the way of the next.
    """
    expected = "daphne's own command to start your project"
    try:
        await asyncio.to_thread(lab.server.restart, START_TIMEOUT)
    except ServerError as error:
        reason = str(error).rstrip().splitlines()[-1].rpartition("exceptions.")[2]
        return not_yet(expected, f"it says {reason!r}")
    except LabTimeout:
        return not_yet(expected, f"it does not come to an end of loading it ({START_TIMEOUT:g} s)")
    return None


async def _exception(lab: Lab) -> str | None:
    """The exception that left the application, such as ``KeyError: 'text'``, or None."""
    try:
        first = await lab.server.logged(RAISED, timeout=TICK)
    except LabTimeout:
        return None
    printed = lab.server.lines()
    traceback = printed[printed.index(first) :]
    named = [line for line in traceback if re.match(r"[\w.]+: ", line)]
    return named[-1] if named else first.partition(RAISED)[2]


@exercise(
    "02.2",
    "A clean no",
    restart=False,
    hints=(
        "The router needs an entry for websocket, and its application may say no.",
        "Of the six events one says no. When is it a refusal: before websocket.accept, or after?",
        'await send({"type": "websocket.close"}) is all of refuse(), and "websocket": refuse.',
    ),
)
async def a_clean_no(lab: Lab) -> Result:
    if problem := await _restart(lab):
        return problem
    ana = Client("ana", lab.server)
    try:
        await ana.connect()
    except Refused as refused:
        if refused.status != 403:
            return not_yet("ana to be refused with HTTP 403", f"HTTP {refused.status} came")
    else:
        await ana.close()
        return not_yet("ana to be refused with HTTP 403", "she gets in")
    status, page = await ana.get("/")
    if status != 200 or "The install worked successfully!" not in page:
        return not_yet("Django's page at /", f"HTTP {status} came with another page")
    if raised := await _exception(lab):
        return not_yet("a refusal without an exception", f"the log has {raised!r}")
    return solved("HTTP 403 for a WebSocket, a page for a browser, no exception")


@exercise(
    "02.3",
    "One model too early",
    restart=False,
    hints=(
        "Importing a function loads no app. What does?",
        "The line with User, and the call get_asgi_application(): which one runs first?",
        "django_application = get_asgi_application(), then the import of User, then the router.",
    ),
)
async def one_model_too_early(lab: Lab) -> Result:
    if problem := await _restart(lab):
        return problem
    ana = await lab.client("ana")
    came = await ana.receive(timeout=2)
    if not re.fullmatch(r"\d+ users", str(came)):
        return not_yet("how_many() to say '0 users'", f"{came!r} came")
    status, page = await ana.get("/")
    if status != 200 or "The install worked successfully!" not in page:
        return not_yet("Django's page at /", f"HTTP {status} came with another page")
    return solved(f"the apps are loaded before the model; ana hears {came!r}")
