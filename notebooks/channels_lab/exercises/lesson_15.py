"""Lesson 15: a board that keeps up, which reports count, a journal that catches up."""

from __future__ import annotations

import copy
import inspect
import time
from datetime import datetime
from typing import Any

from ..client import Client
from ..errors import Closed
from ..exercise import Lab, Result, exercise, not_yet, solved
from .own_class import OwnClass, open_class, report

Frame = dict[str, Any]


@exercise(
    "15.1",
    "A board that keeps up",
    restart=False,
    hints=(
        "Three things are missing: what is merged, who goes, and what comes too late.",
        "Merge change['steps'] with the steps that are known, and the exercises in the same way; "
        "frame['learner'] of removed is an id; state['version'] says how far the board is.",
        "learner | change | {key: learner[key] | change[key] for key in ('steps', 'exercises') if "
        "key in learner and key in change}",
    ),
)
async def a_board_that_keeps_up(lab: Lab) -> Result:
    if not inspect.isfunction(lab.answer):
        return not_yet("a function, def answer(state, frame)", f"you have {lab.answer!r}")
    frames, truth = await _frames_of_a_class(await open_class(lab))
    shown: Any = None
    for frame in frames:
        try:
            shown = lab.answer(copy.deepcopy(shown), copy.deepcopy(frame))
            wrong = _difference(shown, truth) if frame is frames[-1] else ""
        except Exception as error:  # whatever the learner's code does
            return not_yet(f"a state after {frame['event']}", f"{type(error).__name__} came")
    if wrong:
        return Result(False, wrong)
    late = next(frame for frame in frames if "stuck" in frame.get("learner", ()))
    if _difference(lab.answer(copy.deepcopy(shown), copy.deepcopy(late)), truth):
        return not_yet("a diff that comes late to change nothing", "it was taken")
    return solved("three learners as a new board shows them")


_OF_ANA: tuple[Frame, ...] = (
    {"what": "step", "step": "15/0"},
    {"what": "tried", "exercise": "15.1", "solved": False},
    {"what": "step", "step": "15/2"},
    {"what": "stuck", "text": "why two?"},
    {"what": "hint", "exercise": "15.1", "used": 1},
    {"what": "tried", "exercise": "15.2", "solved": True},
    {"what": "unstuck"},
)


async def _frames_of_a_class(room: OwnClass) -> tuple[list[Frame], Frame]:
    """What a board gets while a class goes on, and the state that a new one gets at its end."""
    board, state = await room.open_board()
    ana, _ = await room.join("ana")
    bob, _ = await room.join("bob")
    await room.join("cem")
    for number, body in enumerate(_OF_ANA, 1):
        await report(ana, number, body)
    await report(bob, 1, {"what": "step", "step": "15/1"})
    await board.send({"type": "note", "id": 1, "kind": "hint", "text": "Read it.", "to": "all"})
    cem = (await room.learner("cem"))["id"]
    await board.send({"type": "remove", "id": 2, "learner": cem})
    frames = [state]
    while frames[-1]["event"] != "removed":
        frame = await board.receive()
        frames += [frame] if frame["type"] == "class" else []
    _, truth = await room.open_board()
    return frames, truth


def _difference(shown: Any, truth: Frame) -> str:
    """What a board shows that is not so, as a sentence; empty when all is right."""
    learners = {each["name"]: each for each in truth["learners"]}
    found = {each["name"]: each for each in shown["learners"]}
    if sorted(found) != sorted(learners):
        return f"expected the learners {sorted(learners)}; you have {sorted(found)}"
    for name, learner in learners.items():
        for key, value in learner.items():
            if (got := found[name].get(key)) != value:
                if isinstance(value, dict) and isinstance(got, dict):  # without times in them
                    value, got = sorted(value), sorted(got)
                return f"expected {key} of {name} to be {value!r}; you have {got!r}"
    if (got := shown["version"]) != truth["version"]:
        return f"expected version {truth['version']}; you have {got!r}"
    return ""


_NUMBERS = (1, 3, 2, 2, 3, 5)
_ASKED = ("taken", "tries", "welcome")


@exercise(
    "15.2",
    "Which of them count",
    restart=False,
    hints=(
        "A report is carried out when it is the next one, and each answer says which was last.",
        "3 comes when 1 was the last: it is not the next. The second 2 is not, either.",
        "After 1, 3, 2, 2, 3, 5 the last ones carried out are 1, 1, 2, 2, 3, 3.",
    ),
)
async def which_of_them_count(lab: Lab) -> Result:
    answer = lab.answer
    if not isinstance(answer, dict) or tuple(answer) != _ASKED:
        return not_yet(f"an answer for each of: {', '.join(_ASKED)}", f"you have {answer!r}")
    room = await open_class(lab)
    dora, _ = await room.join("dora")
    body = {"what": "tried", "exercise": "15.2", "solved": False}
    taken = [await report(dora, number, body) for number in _NUMBERS]
    await dora.close()
    tries = (await room.learner("dora"))["exercises"]["15.2"]["tries"]
    _, welcome = await room.join("dora")
    came = dict(zip(_ASKED, (taken, tries, welcome["taken"]), strict=True))
    for what, value in answer.items():
        if value != came[what]:
            return not_yet(f"something else for {what}", f"you have {value!r}")
    return solved("six reports, three of them carried out")


_MINUTE = 60.0
_JOURNAL: tuple[tuple[float, Frame], ...] = (  # minutes ago, and what happened
    (40, {"what": "tried", "exercise": "15.3", "solved": False}),
    (30, {"what": "tried", "exercise": "15.3", "solved": False}),
    (20, {"what": "tried", "exercise": "15.3", "solved": False}),
    (10, {"what": "stuck", "text": "where was I?"}),
    (5, {"what": "tried", "exercise": "15.3", "solved": True}),
)
_TAKEN = 2  # of these, before the client comes


class _Unlucky(Client):
    """A client that loses its connection twice: with an answer on its way, and with a report."""

    answers = reports = 0

    async def receive(self, timeout: float = 5.0) -> Any:
        """Receive as any client; the first answer to report 3 is lost."""
        frame = await super().receive(timeout)
        if frame.get("type") == "taken" and frame["number"] == _TAKEN + 1:
            self.answers += 1
            if self.answers == 1:
                await self._lose("waited for a frame")
        return frame

    async def send(self, message: Any, timeout: float = 5.0) -> None:
        """Send as any client; the last report does not leave at first."""
        if isinstance(message, dict) and message.get("number") == len(_JOURNAL):
            self.reports += 1
            if self.reports == 1:
                await self._lose("could not send")
        await super().send(message, timeout)

    async def _lose(self, doing: str) -> None:
        self.drop()
        await self.wait_closed()
        raise self._closed(doing)


@exercise(
    "15.3",
    "Catching up",
    restart=False,
    hints=(
        "Where to go on is known to the class alone, and it says so twice: in the welcome, and in "
        "each answer.",
        "taken = welcome['taken']; the next report is journal[taken], and its number is taken + 1. "
        "After a LabError begin with connect() anew. And ago is the time now minus its own.",
        "report = {'type': 'report', 'number': taken + 1, 'ago': time.time() - at, **body}, sent "
        "in a loop while taken < len(journal), in a loop that connects again",
    ),
)
async def catching_up(lab: Lab) -> Result:
    if not inspect.iscoroutinefunction(lab.answer):
        return not_yet(
            "a function, async def answer(client, join, journal)", f"you have {lab.answer!r}"
        )
    room, now = await open_class(lab), time.time()
    journal = [(now - minutes * _MINUTE, dict(body)) for minutes, body in _JOURNAL]
    before, _ = await room.join("eve")
    for number, (at, body) in enumerate(journal[:_TAKEN], 1):
        await report(before, number, body, now - at)
    await before.close()
    client = _Unlucky("eve", lab.server, "/classroom/learner/")
    ended = ""
    try:
        await lab.answer(client, room.first_frame("eve"), copy.deepcopy(journal))
    except Closed as closed:
        ended = f", and then answer ended with {closed.code}"
    except Exception as error:  # whatever the learner's code does
        ended = f", and then answer raised {type(error).__name__}"
    finally:
        await client.close()
    return _as_it_was(await room.learner("eve"), now, ended)


def _as_it_was(learner: Frame, now: float, ended: str) -> Result:
    """Whether a board shows what happened, once, and when it happened."""
    work, stuck = learner["exercises"]["15.3"], learner["stuck"]
    if work["tries"] != 4:
        return not_yet("4 tries, each of them counted once", f"{work['tries']} came{ended}")
    if not (work["solved"] and stuck):
        missing = "the hand" if work["solved"] else "the solved one"
        return not_yet("a solved exercise and a hand", f"{missing} is missing{ended}")
    for what, at, minutes in (
        ("the hand to be up for", stuck["since"], 10),
        ("the exercise to be solved for", work["solved"], 5),
    ):
        got = round((now - _seconds(at)) / _MINUTE)
        if got != minutes:
            return not_yet(f"{what} {minutes} min.", f"it is {got} min.")
    return solved("two losses, each report once, and at its time")


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()
