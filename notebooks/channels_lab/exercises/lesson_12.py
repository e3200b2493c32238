"""Lesson 12: a test that can fail, a test that is red for no reason, one for a live server only.

A test is checked as one checks a smoke detector: on the right board it is to be green, on boards
with a fault it is to be red.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..exercise import Lab, Result, exercise, not_yet, solved
from ..processes import PREFIX
from ..server import LiveServer
from ..shell import clean_environment, run

SPOILT = Path(__file__).with_name("spoilt.py")
PYTEST_TIMEOUT = 18.0  # seconds
_SWITCH = """
from spoilt import Switch
application = Switch(application)
"""
# Each test runs once on each board.
_PLUGIN = """
import pytest
import spoilt


@pytest.fixture(autouse=True, params={boards})
def board(request):
    spoilt.Switch.board = request.param
"""


@exercise(
    "12.1",
    "A second tab",
    restart=False,
    hints=(
        "A count or an `in` lets things pass. What is the whole list of what bob has heard?",
        "Open ana's second tab inside the first and let it close: an inner `async with`. Then "
        "compare all that bob has heard with what he may hear.",
        'assert await tabs.heard(bob) == ["state", "joined ana"]',
    ),
)
async def a_second_tab(lab: Lab) -> Result:
    return await _judged(
        lab,
        "test_second_tab.py",
        AnnouncesEachTab="a second tab is announced like the first",
        TakesEachTabForTheLast="one closed tab of two is taken for the last",
    )


@exercise(
    "12.2",
    "Red for no reason",
    restart=False,
    hints=(
        "Run it yourself: ws.run('pytest test_whisper.py'). Which line is red, and what is it that "
        "has been cancelled?",
        "The receive that times out ends cem's consumer. Which helper tells what has come so far, "
        "and waits for nothing?",
        'assert await tabs.heard(cem) == ["state"]',
    ),
)
async def red_for_no_reason(lab: Lab) -> Result:
    fault = "cem can read what is for bob"
    return await _judged(lab, "test_whisper.py", WhispersAloud=fault)


@exercise(
    "12.3",
    "Only live",
    restart=False,
    hints=(
        "What ana sends herself never leaves her process. Who could speak to her from another one?",
        "A command of the project is a process of its own: server.run('python manage.py …').",
        "server.run('python manage.py broadcast hello'); return not await ana.receive_nothing(1)",
    ),
)
async def only_live(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet("answer to be an async function of a server", f"you have {lab.answer!r}")
    alone = LiveServer(lab.server.project, valkey=False)
    starting = asyncio.create_task(asyncio.to_thread(alone.start))
    try:
        with_broker = await _said(lab.answer, lab.server)
        await starting
        without = await _said(lab.answer, alone)
    finally:
        await asyncio.to_thread(alone.stop)
    if with_broker is not True:
        return not_yet("True from this board", f"{with_broker} came")
    if without is not False:
        return not_yet("False from a board without a broker", f"{without} came")
    return solved("True with a broker, False without one")


async def _said(answer: Any, server: LiveServer) -> object:
    """What a learner's function returns, or the error that it raises, as a sentence."""
    try:
        return await answer(server)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


async def _judged(lab: Lab, file: str, **faults: str) -> Result:
    """Whether a test file is green on the board as it is, and red on each board with a fault."""
    project = lab.server.project
    if not (project / file).is_file():
        return not_yet(f"a file {file} in the project", "there is none: run the cell above")
    printed = await asyncio.to_thread(_tested, project, file, ["right", *faults])
    if not _is_green(printed, "right"):
        errors = [line[1:] for line in printed.splitlines() if line.startswith("E  ")]
        came = (errors or printed.splitlines() or ["it says nothing"])[0].strip()
        return not_yet("the test to be green on the board as it is", came)
    for board, fault in faults.items():
        if _is_green(printed, board):
            return not_yet(f"the test to be red where {fault}", "it is green")
    return solved(f"green on the right board, red where {' and where '.join(faults.values())}")


def _tested(project: Path, file: str, boards: list[str]) -> str:
    """Run a test file on a copy of the project, once on each board; return what pytest prints."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        copy = Path(folder) / "board"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("*.sqlite3*"))
        shutil.copy(SPOILT, copy)
        (copy / "boards.py").write_text(_PLUGIN.format(boards=boards))
        with (copy / "myproject" / "routing.py").open("a") as routing:
            routing.write(_SWITCH)
        command = f"python -m pytest -p boards -rpfE {file}"
        return run(command, copy, clean_environment(), PYTEST_TIMEOUT)


def _is_green(printed: str, board: str) -> bool:
    """Whether a board's tests have passed, and there was one."""
    found = re.findall(r"^(PASSED|FAILED|ERROR) \S+\[(\S+)\]", printed, re.MULTILINE)
    return {outcome for outcome, id in found if board in id.split("-")} == {"PASSED"}
