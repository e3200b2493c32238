"""The wire: every frame a client may send, and every one it may not."""

import json
from dataclasses import FrozenInstanceError

import pytest

from account.events import (
    Error,
    Joined,
    Left,
    Message,
    Off,
    Ping,
    Pong,
    Say,
    State,
    check_text,
    parse,
    parse_layer_event,
)
from account.frames import MAX_SAFE_INTEGER


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        ({"type": "message", "text": "hi"}, Say("hi")),
        ({"type": "message", "text": "hi", "to": None}, Say("hi")),
        ({"type": "message", "text": "hi", "to": "bob"}, Say("hi", "bob")),
        ({"type": "message", "text": "x" * 2000}, Say("x" * 2000)),
        ({"type": "message", "text": "日本語 🎉\n\u0000"}, Say("日本語 🎉\n\u0000")),
        ({"type": "message", "text": "🎉" * 2000}, Say("🎉" * 2000)),
        ({"type": "message", "text": "hi", "later": [{}]}, Say("hi")),
        ({"type": "ping", "id": 7}, Ping(7)),
        ({"type": "ping", "id": -MAX_SAFE_INTEGER}, Ping(-MAX_SAFE_INTEGER)),
        ({"type": "ping", "id": "x" * 64}, Ping("x" * 64)),
        ({"type": "ping", "id": ""}, Ping("")),
    ],
)
def test_a_good_frame_becomes_its_event(frame: dict[str, object], event: Say | Ping) -> None:
    assert parse(json.dumps(frame)) == event
    assert parse(json.dumps(frame, ensure_ascii=False)) == event


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("", "bad_json", 'expected a JSON object, got "": Expecting value at character 0'),
        ("{]", "bad_json", None),
        ('{"type":"ping","id":1} x', "bad_json", None),
        ("NaN", "bad_json", "expected JSON, got NaN, which JSON does not have"),
        ('{"type":"ping","id":-Infinity}', "bad_json", None),
        ('{"a":1,"a":2}', "bad_json", 'expected each key once, got "a" twice'),
        ('{"type":"ping","id":1,"deep":{"a":1,"a":1}}', "bad_json", None),
        ("[" * 60_000, "bad_json", "expected a flat object, got one nested too deeply"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "bad_json", None),
        ("9" * 5000, "bad_json", "expected shorter numbers, got one with thousands of digits"),
        ("7", "bad_event", "expected a JSON object, got 7"),
        ("1e999", "bad_event", None),
        ('"' + "x" * 60_000 + '"', "bad_event", None),
        ("[1, 2]", "bad_event", "expected a JSON object, got a list of 2"),
        ("null", "bad_event", "expected a JSON object, got null"),
        (
            "{}",
            "bad_event",
            'expected \'type\' to be "message" or "ping", got no such key',
        ),
        (
            '{"type":"online.off"}',
            "bad_event",
            'expected \'type\' to be "message" or "ping", got "online.off"',
        ),
        ('{"type":{"type":"ping"}}', "bad_event", None),
        ('{"type":null}', "bad_event", None),
        ('{"type":"message"}', "bad_event", "expected 'text' to be a string, got no such key"),
        ('{"type":"message","text":null}', "bad_event", None),
        ('{"type":"message","text":["hi"]}', "bad_event", None),
        ('{"type":"message","text":""}', "bad_event", None),
        ('{"type":"message","text":" \\n"}', "bad_event", None),
        ('{"type":"message","text":"hi","to":7}', "bad_event", None),
        ('{"type":"message","text":"hi","to":false}', "bad_event", None),
        (
            '{"type":"message","text":"\\ud83c"}',
            "bad_event",
            "expected 'text' to be Unicode text, got half of a surrogate pair in it",
        ),
        ('{"type":"message","text":"hi","to":"\\udc00"}', "bad_event", None),
        ('{"type":"\\ud83c"}', "bad_event", None),
        ('{"type":"ping"}', "bad_event", None),
        ('{"type":"ping","id":true}', "bad_event", None),
        ('{"type":"ping","id":1.0}', "bad_event", None),
        ('{"type":"ping","id":null}', "bad_event", None),
        ('{"type":"ping","id":9007199254740992}', "bad_event", None),
        ('{"type":"ping","id":' + "9" * 4300 + "}", "bad_event", None),
        ('{"type":"ping","id":"' + "x" * 65 + '"}', "bad_event", None),
        ('{"type":"ping","id":"\\ud83c"}', "bad_event", None),
        (
            json.dumps({"type": "message", "text": "x" * 2001}),
            "too_long",
            "expected 'text' of at most 2000 characters, got 2001",
        ),
        (" " * 65_537, "too_long", "expected a frame of at most 65536 bytes, got more"),
        ('"' + "é" * 32_768 + '"', "too_long", None),
    ],
)
def test_a_bad_frame_becomes_an_error_that_says_what_was_expected(
    text: str, code: str, detail: str | None
) -> None:
    error = parse(text)
    assert isinstance(error, Error)
    assert error.code == code
    assert detail is None or error.detail == detail
    assert error.detail.startswith("expected ")
    assert len(error.detail) < 300
    # What goes out can be read by every client, whatever came in.
    assert json.loads(json.dumps(error.frame()).encode("ascii")) == error.frame()


def test_frames_are_those_of_the_wire() -> None:
    users = [{"user": "ana", "tabs": 2}]
    assert State("ana", "specific.1", users).frame() == {
        "type": "online",
        "event": "state",
        "you": {"user": "ana", "sid": "specific.1"},
        "users": [{"user": "ana", "tabs": 2}],
    }
    assert Joined("ana").frame() == {"type": "online", "event": "joined", "user": "ana"}
    assert Left("ana").frame() == {"type": "online", "event": "left", "user": "ana"}
    assert Off("bye").frame() == {"type": "online", "event": "off", "message": "bye"}
    assert Pong(7).frame() == {"type": "pong", "id": 7}
    message = {"type": "message", "from": "ana", "text": "hi", "to": None}
    assert Message("ana", "hi").frame() == message
    error = {"type": "error", "code": "unavailable", "detail": "later"}
    assert Error("unavailable", "later").frame() == error


@pytest.mark.parametrize(
    "event", [Joined("ana"), Left("ana"), Off("bye"), Message("ana", "hi"), Message("a", "b", "c")]
)
def test_an_event_survives_the_way_over_the_channel_layer(
    event: Joined | Left | Off | Message,
) -> None:
    assert parse_layer_event(event.layer_event()) == event


def test_the_tutorials_own_event_is_understood() -> None:
    event = {"type": "online.off", "message": "chao-kakao"}
    assert parse_layer_event(event) == Off("chao-kakao")


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        "online.off",
        None,
        {"type": 7},
        {"type": "websocket.receive", "text": "{}"},
        {"type": "websocket.disconnect", "code": 1000},
        {"type": "online.of", "message": "x"},
        {"type": "online.off"},
        {"type": "online.off", "message": 7},
        {"type": "online.off", "message": b"bytes"},
        {"type": "online.off", "message": "\ud800"},
        {"type": "online.off", "message": 10**5000},
        {"type": "online.joined", "user": None},
        {"type": "online.left"},
        {"type": "online.message", "text": "hi"},
        {"type": "online.message", "from": "ana", "text": {}},
        {"type": "online.message", "from": "ana", "text": "hi", "to": ["bob"]},
    ],
)
def test_rubbish_from_another_process_is_an_error_and_no_exception(event: object) -> None:
    error = parse_layer_event(event)
    assert isinstance(error, Error)
    assert len(error.detail) < 300


def test_events_cannot_be_changed_on_their_way() -> None:
    with pytest.raises(FrozenInstanceError):
        Message("ana", "hi").text = "bye"  # type: ignore[misc]


def test_the_text_of_a_broadcast_has_the_limits_of_a_message() -> None:
    assert check_text("x" * 2000) is None
    too_long, blank = check_text("x" * 2001), check_text(" ")
    assert too_long is not None and too_long.code == "too_long"
    assert blank is not None and blank.code == "bad_event"
