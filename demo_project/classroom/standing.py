"""Where a learner stands, and what one report changes of it. Values in, values out.

A standing is what a board shows of a learner:

    {"step": "03/2", "step_since": …, "stuck": {"since": …, "text": ""} or None, "idle_since": None,
     "steps": {"03/2": …},
     "exercises": {"03.1": {"tries": 2, "hints": 1, "begun": …, "solved": None}}}

Times are texts such as `2030-01-31T12:00:00Z`, which compare as the times do. A change has the keys
that change: `merged` makes the next standing of it, on the server as on every board.
"""

from collections.abc import Mapping
from typing import Any

from classroom.events import (
    Active,
    Done,
    Hint,
    Idle,
    ShowCell,
    Step,
    Stuck,
    Synced,
    Tried,
    Unstuck,
    What,
)

MOST_STEPS = 500
"""Steps that are kept of one learner: a course has far fewer."""
MOST_EXERCISES = 200
"""Exercises that are kept of one learner."""

Standing = dict[str, Any]
Change = dict[str, Any]


def beginning() -> Standing:
    """The standing of a learner of whom nothing was reported."""
    return {
        "step": None,
        "step_since": None,
        "stuck": None,
        "idle_since": None,
        "steps": {},
        "exercises": {},
    }


def anew(standing: Standing, at: str) -> Standing:
    """The standing after a reset: what was done is gone, but where a learner is, they are still.

    Nobody says so again: a notebook reports a step when it is another one.
    """
    step = standing["step"]
    here = {"step": step, "step_since": at, "steps": {step: at}} if step else {}
    return beginning() | here | {"idle_since": standing["idle_since"]}


def merged(standing: Standing, change: Change) -> Standing:
    """The standing after a change: `steps` and `exercises` are merged by key, the rest replaces."""
    inner = {key: standing[key] | change[key] for key in ("steps", "exercises") if key in change}
    return standing | change | inner


def change(standing: Standing, what: What, at: str, home: Mapping[str, str]) -> Change:
    """What a report changes that happened at that time; empty if it is no news.

    `home` has the step in which an exercise stands: to get there is to begin with it.
    """
    changed = _change(standing, what, at, home)
    if standing["idle_since"] is not None and not isinstance(what, Idle | Synced):
        changed["idle_since"] = None  # whoever does something is not idle
    return changed


def _change(standing: Standing, what: What, at: str, home: Mapping[str, str]) -> Change:
    match what:
        case Step(step):
            return _at_step(standing, step, at)
        case Tried(exercise, solved):
            return _work(standing, exercise, at, home, tries=1, solved=solved)
        case Hint(exercise, used):
            return _work(standing, exercise, at, home, hints=used)
        case Stuck(text):
            since = standing["stuck"]["since"] if standing["stuck"] else at
            stuck = {"since": since, "text": text}
            return {} if stuck == standing["stuck"] else {"stuck": stuck}
        case Unstuck():
            return {"stuck": None} if standing["stuck"] else {}
        case Idle():
            return {"idle_since": at} if standing["idle_since"] is None else {}
        case Synced(exercises):
            return _synced(standing, exercises, at)
        case Active() | ShowCell():
            return {}


def _at_step(standing: Standing, step: str, at: str) -> Change:
    changed: Change = {}
    if step != standing["step"]:
        changed |= {"step": step, "step_since": at}
    if step not in standing["steps"] and len(standing["steps"]) < MOST_STEPS:
        changed["steps"] = {step: at}
    return changed


def _work(
    standing: Standing,
    exercise: str,
    at: str,
    home: Mapping[str, str],
    *,
    tries: int = 0,
    hints: int = 0,
    solved: bool = False,
) -> Change:
    """Work on an exercise. What is solved is done: to run its check again is no further try."""
    known = standing["exercises"].get(exercise)
    if known is None:
        if len(standing["exercises"]) >= MOST_EXERCISES:
            return {}
        reached = standing["steps"].get(home.get(exercise), at)
        known = {"tries": 0, "hints": 0, "begun": min(reached, at), "solved": None}
    elif known["solved"]:
        return {}
    work = known | {
        "tries": known["tries"] + tries,
        "hints": max(known["hints"], hints),
        "solved": at if solved else None,
    }
    return {} if work == standing["exercises"].get(exercise) else {"exercises": {exercise: work}}


def _synced(standing: Standing, exercises: Mapping[str, Done], at: str) -> Change:
    """What was done before the class. Nobody knows how long it took: it begins as it is solved."""
    found: Change = {}
    for name, done in exercises.items():
        known = standing["exercises"].get(name)
        if known is None and len(standing["exercises"]) + len(found) >= MOST_EXERCISES:
            continue
        before = known or {"tries": 0, "hints": 0, "begun": at, "solved": None}
        work = before | {
            "tries": max(before["tries"], done.tries),
            "hints": max(before["hints"], done.hints),
            "solved": before["solved"] or (at if done.solved else None),
        }
        if work != known:
            found[name] = work
    return {"exercises": found} if found else {}
