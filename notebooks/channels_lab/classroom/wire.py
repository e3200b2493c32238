"""Wire: what a learner's kernel says to the class and what it hears. Nothing else goes out, ever.

A report is a dict with ``what`` and the few keys that stand here; the journal gives it a number.
"""

from __future__ import annotations

import json
from typing import Any

Frame = dict[str, Any]

NAME = 40  # characters of a learner's name
TEXT = 300  # of what a raised hand says
SHOWN = 8_000  # of a cell, and as many of its output
SHOWN_BYTES = 30_000  # of each in ASCII: the class takes frames of 64 KiB, and passes on no more
CUT = "\n… (cut)"


# --- what goes out -------------------------------------------------------------------------------


def join(code: str, name: str, key: str, since: int) -> Frame:
    """The first frame: who comes, to which class, and the number of the last note it has."""
    return {"type": "join", "code": code, "name": name, "key": key, "since": since}


def leave(*, forget: bool = False) -> Frame:
    """The last frame; with ``forget`` the class deletes all that it has of this learner."""
    return {"type": "leave", "forget": True} if forget else {"type": "leave"}


def report(number: int, ago: float, body: Frame) -> Frame:
    """A report as it is sent: its number, and how many seconds ago it happened."""
    return {"type": "report", "number": number, "ago": round(max(0.0, ago), 3), **body}


def step(step: str) -> Frame:
    """The learner runs a cell of this step, such as ``03/2``."""
    return {"what": "step", "step": step}


def tried(exercise: str, *, solved: bool) -> Frame:
    """A check was run."""
    return {"what": "tried", "exercise": exercise, "solved": solved}


def hint(exercise: str, used: int) -> Frame:
    """A hint was shown, the first, second or third."""
    return {"what": "hint", "exercise": exercise, "used": used}


def stuck(text: str) -> Frame:
    """The hand goes up."""
    return {"what": "stuck", "text": clean(text)[:TEXT]}


def unstuck() -> Frame:
    """The hand goes down."""
    return {"what": "unstuck"}


def idle() -> Frame:
    """No cell has been run for a while."""
    return {"what": "idle"}


def active() -> Frame:
    """A cell is run again."""
    return {"what": "active"}


def shown(step: str, source: str, output: str) -> Frame:
    """A cell that the learner shows to the instructor, by a call of the learner's own."""
    return {"what": "shown", "step": step, "source": cut(source), "output": cut(output)}


def synced(exercises: dict[str, dict[str, Any]]) -> Frame:
    """What was done before: for each exercise whether it is solved, tries and hints."""
    return {"what": "synced", "exercises": exercises}


def clean(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def cut(text: str) -> str:
    """The text as far as it may go out; what is left away is said."""
    text = clean(text)
    kept = text[:SHOWN]
    while (size := len(json.dumps(kept))) > SHOWN_BYTES:
        kept = kept[: len(kept) * SHOWN_BYTES // size]
    return text if kept == text else kept[: SHOWN - len(CUT)] + CUT


# --- what comes in -------------------------------------------------------------------------------


def parsed(text: str | bytes) -> Frame:
    """A frame of the class; an empty dict for what is none: nothing that a server sends hurts."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return frame if isinstance(frame, dict) else {}


def number(value: object) -> int | None:
    """A number as the class counts: 0 or more; None for everything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def note(value: object) -> tuple[int, str, str, str] | None:
    """A note as (number, kind, text, at), or None for what is none."""
    if not isinstance(value, dict) or (count := number(value.get("number"))) is None:
        return None
    return count, *(str(value.get(key) or "") for key in ("kind", "text", "at"))  # type: ignore[return-value]
