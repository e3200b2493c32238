"""The wire of the classroom: what learners and instructors may say, typed.

`parse_learner` and `parse_instructor` read a frame. They never raise: what cannot be understood
comes back as an `Error`, a value like any other, and so does what the other side alone may say.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from account.frames import (
    MAX_SAFE_INTEGER,
    Refused,
    expected,
    identifier,
    json_object,
    shown,
    string,
)
from classroom import names

MAX_STUCK = 300
"""Characters of what a learner says with a raised hand."""
MAX_CELL = 8_000
"""Characters of the source of a cell that is shown, and of its output."""
KEPT_CELLS = 3
"""Shown cells that are kept of each learner: the newest."""
MAX_NOTE = 2_000
"""Characters of a note."""
MAX_TITLE = 100
"""Characters of the title of a class."""
MAX_AGO = 30 * 24 * 3600.0
"""Seconds that a report may be old: what is older counts as so old."""
MAX_COUNT = 1_000_000
"""Tries of one exercise, or hints."""
MAX_EXERCISES = 200
"""Exercises in one report."""

_KEY = re.compile(r"[A-Za-z0-9_-]{32,128}")
_STEP = re.compile(r"[0-9]{2}/[0-9]{1,2}")
_LESSON = re.compile(r"[0-9]{2}")
_EXERCISE = re.compile(r"[0-9]{2}\.[0-9]{1,2}")

Frame = dict[str, Any]
ErrorCode = Literal[
    "bad_json", "bad_event", "too_long", "rate_limited", "not_allowed", "unavailable"
]


@dataclass(frozen=True)
class Error:
    """What was wrong, as a code for programs and a sentence for people."""

    code: ErrorCode
    detail: str
    id: int | str | None = None  # of the request that it answers

    def frame(self) -> Frame:
        """The frame that answers a bad one; the connection stays open."""
        frame = {"type": "error", "code": self.code, "detail": self.detail}
        return frame if self.id is None else frame | {"id": self.id}


@dataclass(frozen=True)
class Ping:
    """A client asks whether the server is still there."""

    id: int | str

    def pong(self) -> Frame:
        """The answer, with the ping's own id."""
        return {"type": "pong", "id": self.id}


# --- from a learner -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Join:
    """The first frame of a learner. The same key is the same learner; `since` is its last note."""

    code: str
    name: str
    key: str
    since: int


@dataclass(frozen=True)
class Leave:
    """A learner goes; with `forget`, all that is known of the learner goes, too."""

    forget: bool


@dataclass(frozen=True)
class Step:
    """A learner ran a cell of this step, such as `03/2`."""

    step: str


@dataclass(frozen=True)
class Tried:
    """A learner ran the check of an exercise, such as `03.1`."""

    exercise: str
    solved: bool


@dataclass(frozen=True)
class Hint:
    """A learner has now used so many hints of an exercise."""

    exercise: str
    used: int


@dataclass(frozen=True)
class Stuck:
    """A learner raised a hand, perhaps with a question."""

    text: str


@dataclass(frozen=True)
class Unstuck:
    """A learner took the hand down."""


@dataclass(frozen=True)
class Idle:
    """A learner has run nothing for a while."""


@dataclass(frozen=True)
class Active:
    """A learner is at it again."""


@dataclass(frozen=True)
class ShowCell:
    """A learner shows a cell to the instructor: the one report that holds code."""

    step: str
    source: str
    output: str


@dataclass(frozen=True)
class Done:
    """How far a learner was with one exercise before the class."""

    solved: bool
    tries: int
    hints: int


@dataclass(frozen=True)
class Synced:
    """What a learner had done before joining, by exercise."""

    exercises: Mapping[str, Done]


What = Step | Tried | Hint | Stuck | Unstuck | Idle | Active | ShowCell | Synced


@dataclass(frozen=True)
class Report:
    """Something that happened to a learner `ago` seconds before it was sent."""

    number: int  # 1, 2, 3 … for one learner
    ago: float
    what: What


LearnerEvent = Join | Report | Leave | Ping


# --- from an instructor -------------------------------------------------------------------------


@dataclass(frozen=True)
class Open:
    """The first frame of an instructor. Without a name, the key keeps the one that it has."""

    key: str
    name: str


@dataclass(frozen=True)
class Opening:
    """A class that is to be opened: its title, and the name of its first instructor."""

    title: str
    name: str


@dataclass(frozen=True)
class SendNote:
    """Say something to all learners, or to those at a step, in a lesson, or to one."""

    kind: str
    text: str
    to: Any  # "all", {"step": "03/2"}, {"lesson": "03"} or {"learner": 7}


@dataclass(frozen=True)
class HandDown:
    """Take a learner's hand down."""

    learner: int


@dataclass(frozen=True)
class Freeze:
    """Keep the board as it is, or let it go on."""

    on: bool


@dataclass(frozen=True)
class Reset:
    """Let everybody begin anew; learners stay."""


@dataclass(frozen=True)
class HandOver:
    """Make a key for a second instructor."""


@dataclass(frozen=True)
class StepDown:
    """End the key that this instructor came with."""


@dataclass(frozen=True)
class Remove:
    """Forget a learner."""

    learner: int


@dataclass(frozen=True)
class Delete:
    """Forget the class and everybody in it; the title says that it is meant."""

    title: str


Wish = SendNote | HandDown | Freeze | Reset | HandOver | StepDown | Remove | Delete


@dataclass(frozen=True)
class Request:
    """What an instructor wants, and the id by which the answer is known."""

    id: int | str
    wish: Wish


InstructorEvent = Open | Request | Ping

_OF_LEARNERS = ("join", "report", "leave")
_OF_INSTRUCTORS = (
    *("open", "note", "hand_down", "freeze", "reset"),
    *("hand_over", "step_down", "remove", "delete"),
)


# --- reading ------------------------------------------------------------------------------------


def parse_learner(text: str) -> LearnerEvent | Error:
    """Read what a learner sent: an event, or the error to answer with."""
    try:
        return _learner_event(json_object(text))
    except Refused as refused:
        return Error(refused.code, refused.detail)


def parse_instructor(text: str) -> InstructorEvent | Error:
    """Read what an instructor sent: an event, or the error to answer with."""
    try:
        frame = json_object(text)
    except Refused as refused:
        return Error(refused.code, refused.detail)
    try:
        return _instructor_event(frame)
    except Refused as refused:
        return Error(refused.code, refused.detail, _id_if_any(frame))


def parse_opening(text: str) -> Opening | Error:
    """Read what somebody sent to open a class."""
    try:
        frame = json_object(text)
        name = string(frame, "name") if "name" in frame else ""
        title = names.cleaned(string(frame, "title"), MAX_TITLE)
        if not title:
            expected("'title' to have something to read in it", frame, "title")
    except Refused as refused:
        return Error(refused.code, refused.detail)
    return Opening(title, names.cleaned(name))


def _learner_event(frame: Mapping[str, object]) -> LearnerEvent | Error:
    match frame.get("type"):
        case "join":
            return Join(
                _short(frame, "code", 40), _name(frame), _key(frame), _whole(frame, "since")
            )
        case "report":
            number = _whole(frame, "number", least=1)
            return Report(number, min(_seconds(frame, "ago"), MAX_AGO), _what(frame))
        case "leave":
            return Leave(_flag(frame, "forget") if "forget" in frame else False)
        case "ping":
            return Ping(identifier(frame, "id"))
        case kind if kind in _OF_INSTRUCTORS:
            return Error("not_allowed", f"expected an instructor to send {shown(kind)}")
        case _:
            expected("'type' to be join, report, leave or ping", frame, "type")


def _what(frame: Mapping[str, object]) -> What:
    match frame.get("what"):
        case "step":
            return Step(_like(frame, "step", _STEP, "03/2"))
        case "tried":
            return Tried(_exercise(frame), _flag(frame, "solved"))
        case "hint":
            return Hint(_exercise(frame), _whole(frame, "used", most=MAX_COUNT))
        case "stuck":
            return Stuck(_short(frame, "text", MAX_STUCK).strip())
        case "unstuck":
            return Unstuck()
        case "idle":
            return Idle()
        case "active":
            return Active()
        case "shown":
            source, output = _short(frame, "source", MAX_CELL), _short(frame, "output", MAX_CELL)
            return ShowCell(_like(frame, "step", _STEP, "03/2"), source, output)
        case "synced":
            return Synced(_exercises(frame))
        case _:
            wanted = "step, tried, hint, stuck, unstuck, idle, active, shown or synced"
            expected(f"'what' to be {wanted}", frame, "what")


def _exercises(frame: Mapping[str, object]) -> Mapping[str, Done]:
    given = frame.get("exercises")
    if not isinstance(given, dict) or len(given) > MAX_EXERCISES:
        expected(
            f"'exercises' to be an object with {MAX_EXERCISES} keys at most", frame, "exercises"
        )
    found = {}
    for name, done in given.items():
        if not _EXERCISE.fullmatch(name) or not isinstance(done, dict):
            expected("'exercises' to have keys like '03.1', each an object", frame, "exercises")
        tries, hints = _whole(done, "tries", most=MAX_COUNT), _whole(done, "hints", most=MAX_COUNT)
        found[name] = Done(_flag(done, "solved"), tries, hints)
    return found


def _instructor_event(frame: Mapping[str, object]) -> InstructorEvent | Error:
    match frame.get("type"):
        case "open":
            name = frame.get("name")
            return Open(_key(frame), _name(frame) if name not in (None, "") else "")
        case "ping":
            return Ping(identifier(frame, "id"))
        case kind if kind in _OF_INSTRUCTORS:
            return Request(identifier(frame, "id"), _wish(frame))
        case kind if kind in _OF_LEARNERS:
            return Error(
                "not_allowed", f"expected a learner to send {shown(kind)}", _id_if_any(frame)
            )
        case _:
            expected(f"'type' to be {', '.join(_OF_INSTRUCTORS)} or ping", frame, "type")


def _wish(frame: Mapping[str, object]) -> Wish:
    wishes: dict[object, Callable[[], Wish]] = {
        "note": lambda: _note(frame),
        "hand_down": lambda: HandDown(_whole(frame, "learner", least=1)),
        "freeze": lambda: Freeze(_flag(frame, "on")),
        "reset": Reset,
        "hand_over": HandOver,
        "step_down": StepDown,
        "remove": lambda: Remove(_whole(frame, "learner", least=1)),
        "delete": lambda: Delete(string(frame, "title")),
    }
    return wishes[frame["type"]]()


def _note(frame: Mapping[str, object]) -> SendNote:
    kind, to = frame.get("kind"), _to(frame)
    text = _short(frame, "text", MAX_NOTE).strip() if "text" in frame else ""
    match kind:
        case "pause" | "resume":
            if to != "all":
                expected(f"'to' of a {kind} to be \"all\"", frame, "to")
        case "hint" | "reply":
            if not text:
                expected("'text' to be a string with something in it", frame, "text")
        case _:
            expected("'kind' to be hint, pause, resume or reply", frame, "kind")
    return SendNote(str(kind), text, to)


def _to(frame: Mapping[str, object]) -> Any:
    match frame.get("to"):
        case "all":
            return "all"
        case {"step": str(step), **rest} if not rest and _STEP.fullmatch(step):
            return {"step": step}
        case {"lesson": str(lesson), **rest} if not rest and _LESSON.fullmatch(lesson):
            return {"lesson": lesson}
        case {"learner": int(learner), **rest} if not rest:
            return {"learner": _whole({"learner": learner}, "learner", least=1)}
        case _:
            wanted = '"all" or an object with one of step, lesson and learner'
            expected(f"'to' to be {wanted}", frame, "to")


# --- reading one value --------------------------------------------------------------------------


def _short(frame: Mapping[str, object], key: str, most: int) -> str:
    """A text of so many characters at most; PostgreSQL keeps no NUL."""
    text = string(frame, key)
    if len(text) > most:
        detail = f"expected {key!r} of at most {most} characters, got {len(text)}"
        raise Refused("too_long", detail)
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _name(frame: Mapping[str, object]) -> str:
    name = names.cleaned(string(frame, "name"))
    if not name:
        expected("'name' to have something to read in it", frame, "name")
    return name


def _key(frame: Mapping[str, object]) -> str:
    # What came is not repeated: it may be most of a secret.
    key = frame.get("key")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        detail = "expected 'key' to be 32 to 128 letters, digits, hyphens and underscores"
        raise Refused("bad_event", f"{detail}, got something else")
    return key


def _like(frame: Mapping[str, object], key: str, pattern: re.Pattern[str], example: str) -> str:
    text = string(frame, key)
    if not pattern.fullmatch(text):
        expected(f"{key!r} to be like {example!r}", frame, key)
    return text


def _exercise(frame: Mapping[str, object]) -> str:
    return _like(frame, "exercise", _EXERCISE, "03.1")


def _flag(frame: Mapping[str, object], key: str) -> bool:
    value = frame.get(key)
    if not isinstance(value, bool):
        expected(f"{key!r} to be true or false", frame, key)
    return value


def _whole(
    frame: Mapping[str, object], key: str, least: int = 0, most: int = MAX_SAFE_INTEGER
) -> int:
    value = frame.get(key)
    # bool is a kind of int in Python; in JSON it is not.
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        expected(f"{key!r} to be an integer from {least} to {most}", frame, key)
    return value


def _seconds(frame: Mapping[str, object], key: str) -> float:
    value = frame.get(key)
    # 1e400 is JSON, and infinite in Python.
    if not isinstance(value, int | float) or isinstance(value, bool) or not _is_time(value):
        expected(f"{key!r} to be a number of seconds from 0 on", frame, key)
    return float(value)


def _is_time(value: float) -> bool:
    return abs(value) <= MAX_SAFE_INTEGER and math.isfinite(value) and value >= 0


def _id_if_any(frame: Mapping[str, object]) -> int | str | None:
    try:
        return identifier(frame, "id")
    except Refused:
        return None
