"""Lesson 01: a handshake taken for a page, settings with which runserver is daphne's."""

from __future__ import annotations

import asyncio

from ..client import Client
from ..errors import LabTimeout, Refused, ServerError
from ..exercise import Lab, Result, exercise, not_yet, solved
from ..server import LiveServer

PATHS = ("/", "/admin/login/", "/online/")
START_TIMEOUT = 8.0  # seconds; settings that never end are no settings


@exercise(
    "01.1",
    "Taken for a page",
    restart=False,
    hints=(
        "To this server a handshake is a question for a page. Which of the three pages exist?",
        'Ask for the pages themselves, in a cell of your own: await bob.get("/admin/login/").',
        'A page that is there says 200: answer = {"/": 200, "/admin/login/": 200, "/online/": 404}',
    ),
)
async def taken_for_a_page(lab: Lab) -> Result:
    if not isinstance(lab.answer, dict) or set(lab.answer) != set(PATHS):
        return not_yet(f"answer to have {', '.join(PATHS)}", f"it is {lab.answer!r}")
    for path in PATHS:
        yours = lab.answer[path]
        if yours != await _status_of_handshake(lab.server, path):
            return not_yet(f"the status that a handshake at {path} gets", f"you have {yours!r}")
    return solved("a handshake gets the status of the page; none of the three opens")


async def _status_of_handshake(server: LiveServer, path: str) -> int:
    bob = Client("bob", server, path)
    try:
        await bob.connect()
    except Refused as refused:
        return refused.status
    await bob.close()
    return 101


@exercise(
    "01.2",
    "A colleague's settings",
    restart=False,
    hints=(
        "Two lines are wrong, and each has an error message of its own. Mend one, check again.",
        "The place of daphne in the list; and what ASGI_APPLICATION names: a variable, no module.",
        '"daphne" above "django.contrib.staticfiles"; "myproject.asgi.application".',
    ),
)
async def a_colleagues_settings(lab: Lab) -> Result:
    trial = LiveServer(
        lab.server.project,
        server="runserver",
        valkey=False,
        settings={"DJANGO_SETTINGS_MODULE": "myproject.settings_team"},
    )
    try:
        try:
            await asyncio.to_thread(trial.start, START_TIMEOUT)
        except LabTimeout:
            return not_yet("runserver to start", f"it did not within {START_TIMEOUT:g} s")
        started = trial.lines("Starting")[0]
        if "Daphne" not in started:
            return not_yet("a runserver that starts Daphne", f"it says {started!r}")
        status, _ = await Client("bob", trial).get("/admin/login/")
        if status != 200:
            return not_yet("the log-in page of the admin with HTTP 200", f"HTTP {status} came")
        return solved("Daphne starts, and serves the project's pages")
    except ServerError as error:
        return not_yet("runserver to start", f"it says {_reason(error)!r}")
    finally:
        await asyncio.to_thread(trial.stop)


def _reason(error: ServerError) -> str:
    """The line of a failed start that says why."""
    lines = [line for line in str(error).splitlines() if line]
    reasons = [line for line in lines if "Error: " in line or ".E0" in line or "Improperly" in line]
    return (reasons or lines)[-1]
