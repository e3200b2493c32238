"""The wire of the classroom: every frame that may be sent, and every one that may not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom import events
from classroom.events import (
    Active,
    Delete,
    Done,
    Error,
    Freeze,
    HandDown,
    HandOver,
    Hint,
    Idle,
    Join,
    Leave,
    Open,
    Ping,
    Remove,
    Report,
    Request,
    Reset,
    SendNote,
    ShowCell,
    Step,
    StepDown,
    Stuck,
    Synced,
    Tried,
    Unstuck,
    parse_instructor,
    parse_learner,
)

KEY = "k" * 32
JOIN = {"type": "join", "code": "K7PM-2QXR", "name": "ana", "key": KEY, "since": 0}


def learner(**frame: Any) -> Any:
    return parse_learner(json.dumps(frame))


def instructor(**frame: Any) -> Any:
    return parse_instructor(json.dumps(frame))


def report(**more: Any) -> Any:
    return learner(**({"type": "report", "number": 1, "ago": 0.5} | more))


def code_of(answer: Any) -> str:
    assert isinstance(answer, Error), answer
    assert len(answer.detail) < 300
    return answer.code


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"what": "step", "step": "03/2"}, Step("03/2")),
        ({"what": "tried", "exercise": "03.1", "solved": True}, Tried("03.1", True)),
        ({"what": "hint", "exercise": "03.1", "used": 2}, Hint("03.1", 2)),
        ({"what": "stuck", "text": " why? "}, Stuck("why?")),
        ({"what": "stuck", "text": ""}, Stuck("")),
        ({"what": "stuck", "text": "a\0b"}, Stuck("a\ufffdb")),
        ({"what": "unstuck"}, Unstuck()),
        ({"what": "idle"}, Idle()),
        ({"what": "active"}, Active()),
        (
            {"what": "shown", "step": "03/2", "source": "1", "output": "\x1b"},
            ShowCell("03/2", "1", "\x1b"),
        ),
        (
            {"what": "synced", "exercises": {"03.1": {"solved": True, "tries": 2, "hints": 1}}},
            Synced({"03.1": Done(True, 2, 1)}),
        ),
    ],
)
def test_a_report_is_read(more: dict[str, Any], what: Any) -> None:
    assert report(**more) == Report(1, 0.5, what)


def test_the_other_frames_of_learners_are_read() -> None:
    assert learner(**JOIN) == Join("K7PM-2QXR", "ana", KEY, 0)
    assert learner(type="leave") == Leave(False)
    assert learner(type="leave", forget=True) == Leave(True)
    assert learner(type="ping", id=7) == Ping(7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": "step"},
        {"what": "step", "step": "3/2"},
        {"what": "step", "step": "03/2\n"},
        {"what": "step", "step": ["03/2"]},
        {"what": "tried", "exercise": "03.1"},
        {"what": "tried", "exercise": "03.1", "solved": 1},
        {"what": "hint", "exercise": "03.1", "used": -1},
        {"what": "hint", "exercise": "03.1", "used": True},
        {"what": "hint", "exercise": "03.1", "used": 10**9},
        {"what": "stuck"},
        {"what": "stuck", "text": None},
        {"what": "synced", "exercises": []},
        {"what": "synced", "exercises": {"3": {"solved": True, "tries": 1, "hints": 0}}},
        {"what": "synced", "exercises": {"03.1": 1}},
        {"what": "synced", "exercises": {f"{n:02}.1": {} for n in range(100)} | {"x": 1}},
        {"what": "undone"},
        {},
        {"what": "idle", "number": 0},
        {"what": "idle", "number": 1.0},
        {"what": "idle", "number": 2**53},
        {"what": "idle", "ago": -1},
        {"what": "idle", "ago": "1"},
        {"what": "idle", "ago": None},
    ],
)
def test_a_bad_report_is_answered(wrong: dict[str, Any]) -> None:
    assert code_of(report(**wrong)) == "bad_event"


@pytest.mark.parametrize("ago", ["1e400", "-1e400", "1" * 400])
def test_no_report_is_infinitely_old(ago: str) -> None:
    text = f'{{"type":"report","number":1,"what":"idle","ago":{ago}}}'
    assert code_of(parse_learner(text)) == "bad_event"


def test_an_old_report_is_taken_as_of_a_month_ago() -> None:
    assert report(what="idle", ago=1e12) == Report(1, events.MAX_AGO, Idle())


def test_long_texts_are_refused() -> None:
    assert code_of(report(what="stuck", text="x" * 301)) == "too_long"
    for source, output in (("x" * 8_001, ""), ("", "x" * 8_001)):
        shown = {"what": "shown", "step": "03/2", "source": source, "output": output}
        assert code_of(report(**shown)) == "too_long"
    assert code_of(parse_learner(json.dumps(JOIN | {"name": "x" * 70_000}))) == "too_long"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": None},
        {"code": "x" * 41},
        {"name": ""},
        {"name": "\u202e \x00"},
        {"name": 7},
        {"name": "\ud800"},
        {"key": "short"},
        {"key": "k" * 129},
        {"key": "k" * 31 + "="},
        {"key": None},
        {"since": -1},
        {"since": None},
    ],
)
def test_a_bad_join_is_answered_without_its_key(wrong: dict[str, Any]) -> None:
    answer = learner(**(JOIN | wrong))
    assert code_of(answer) in ("bad_event", "too_long")
    assert "kkk" not in answer.detail and "short" not in answer.detail


REQUESTS: list[tuple[dict[str, Any], Any]] = [
    ({"type": "hand_down", "learner": 7}, HandDown(7)),
    ({"type": "freeze", "on": True}, Freeze(True)),
    ({"type": "reset"}, Reset()),
    ({"type": "hand_over"}, HandOver()),
    ({"type": "step_down"}, StepDown()),
    ({"type": "remove", "learner": 7}, Remove(7)),
    ({"type": "delete", "title": "Channels"}, Delete("Channels")),
    (
        {"type": "note", "kind": "hint", "text": "look", "to": "all"},
        SendNote("hint", "look", "all"),
    ),
    ({"type": "note", "kind": "pause", "to": "all"}, SendNote("pause", "", "all")),
    (
        {"type": "note", "kind": "reply", "text": "look", "to": {"learner": 7}},
        SendNote("reply", "look", {"learner": 7}),
    ),
    (
        {"type": "note", "kind": "hint", "text": "look", "to": {"step": "03/2"}},
        SendNote("hint", "look", {"step": "03/2"}),
    ),
    (
        {"type": "note", "kind": "hint", "text": "look", "to": {"lesson": "03"}},
        SendNote("hint", "look", {"lesson": "03"}),
    ),
]


@pytest.mark.parametrize(("frame", "wish"), REQUESTS)
def test_a_request_is_read_with_its_id(frame: dict[str, Any], wish: Any) -> None:
    assert instructor(id="a", **frame) == Request("a", wish)
    assert code_of(instructor(**frame)) == "bad_event"  # no id: nobody would know the answer


@pytest.mark.parametrize("name", ["", None])
def test_a_key_alone_opens_a_board(name: str | None) -> None:
    assert instructor(type="open", key=KEY, name=name) == Open(KEY, "")
    assert instructor(type="open", key=KEY) == Open(KEY, "")
    assert instructor(type="open", key=KEY, name="Dr. Ada") == Open(KEY, "Dr. Ada")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "note", "kind": "shout", "text": "x", "to": "all"},
        {"type": "note", "kind": "hint", "text": " ", "to": "all"},
        {"type": "note", "kind": "hint", "to": "all"},
        {"type": "note", "kind": "pause", "text": "x", "to": {"learner": 7}},
        {"type": "note", "kind": "hint", "text": "x", "to": "nobody"},
        {"type": "note", "kind": "hint", "text": "x", "to": {}},
        {"type": "note", "kind": "hint", "text": "x", "to": {"step": "03/2", "lesson": "03"}},
        {"type": "note", "kind": "hint", "text": "x", "to": {"step": "x"}},
        {"type": "note", "kind": "hint", "text": "x", "to": {"learner": True}},
        {"type": "note", "kind": "hint", "text": "x", "to": {"learner": 0}},
        {"type": "note", "kind": "hint", "text": "x"},
        {"type": "hand_down", "learner": "7"},
        {"type": "hand_down"},
        {"type": "freeze", "on": "yes"},
        {"type": "delete", "title": 7},
        {"type": "shutdown"},
        {},
    ],
)
def test_a_bad_request_is_answered_with_its_id(wrong: dict[str, Any]) -> None:
    answer = instructor(id=7, **wrong)
    assert code_of(answer) == "bad_event"
    assert answer.frame()["id"] == 7


def test_a_long_note_is_refused() -> None:
    note = {"type": "note", "kind": "hint", "text": "x" * 2_001, "to": "all"}
    assert code_of(instructor(id=7, **note)) == "too_long"


@pytest.mark.parametrize("frame", [frame for frame, _ in REQUESTS])
def test_a_learner_may_not_ask_what_an_instructor_may(frame: dict[str, Any]) -> None:
    assert code_of(learner(id=7, **frame)) == "not_allowed"


@pytest.mark.parametrize("frame", [JOIN, {"type": "report"}, {"type": "leave"}])
def test_an_instructor_is_no_learner(frame: dict[str, Any]) -> None:
    assert code_of(instructor(**frame)) == "not_allowed"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
_KINDS = st.sampled_from(["join", "report", "leave", "open", "note", "freeze", "delete", "ping"])
_WORDS = """
    type code name key since number ago what step exercise solved used text source output exercises
    id kind to learner on title
"""
_KEYS = st.sampled_from(_WORDS.split())


@given(st.dictionaries(_KEYS, _JSON), _KINDS, st.text(max_size=50))
def test_whatever_comes_nothing_is_raised(frame: dict[str, Any], kind: str, text: str) -> None:
    for parse in (parse_learner, parse_instructor):
        for sent in (text, json.dumps(frame | {"type": kind}), json.dumps(frame)):
            parse(sent)
