"""The wire: what clients, the server and other processes say to each other, typed.

`parse` reads a client's frame and `parse_layer_event` another process's event. Neither ever raises:
what cannot be understood comes back as an `Error`, a value like any other. `frame()` is what goes
to a client; `layer_event()` is what goes to other processes.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NoReturn

MAX_TEXT = 2_000
"""Characters (code points) in one message."""
MAX_FRAME = 64 * 1024
"""Bytes of UTF-8 in one frame from a client."""
MAX_PING_ID = 64
"""Characters in the id of a ping."""
MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript holds exactly (Number.MAX_SAFE_INTEGER)."""

_SHOWN = 40  # characters of a client's own words that an error repeats

Frame = dict[str, Any]
ErrorCode = Literal[
    "bad_json", "bad_event", "too_long", "rate_limited", "unknown_user", "unavailable"
]


@dataclass(frozen=True)
class Error:
    """What was wrong, as a code for programs and a sentence for people."""

    code: ErrorCode
    detail: str

    def frame(self) -> Frame:
        """The frame that answers a bad one; the connection stays open."""
        return {"type": "error", "code": self.code, "detail": self.detail}


# --- from a client ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    """A client wants to say something, to all or to one user."""

    text: str
    to: str | None = None


@dataclass(frozen=True)
class Ping:
    """A client asks whether the server is still there."""

    id: int | str


ClientEvent = Say | Ping


# --- to a client ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pong:
    """The answer to a ping, with the ping's own id."""

    id: int | str

    def frame(self) -> Frame:
        """The frame for the client that asked."""
        return {"type": "pong", "id": self.id}


@dataclass(frozen=True)
class Place:
    """A place in the history of messages: the epoch, and the number of a message in it."""

    epoch: str
    number: int

    def shown(self) -> Frame:
        """What a client keeps of it, to ask later for what it missed since."""
        return {"epoch": self.epoch, "last": self.number}


@dataclass(frozen=True)
class State:
    """Everything a client needs when it connects; the changes follow."""

    user: str
    sid: str
    users: Sequence[Mapping[str, Any]]
    history: Place | None = None

    def frame(self) -> Frame:
        """The first frame of every connection; with the history for a client that follows it."""
        you = {"user": self.user, "sid": self.sid}
        frame = {"type": "online", "event": "state", "you": you, "users": list(self.users)}
        return frame | ({"history": self.history.shown()} if self.history else {})


@dataclass(frozen=True)
class Missed:
    """Some messages are gone for good; those that follow come after the gap."""

    history: Place

    def frame(self) -> Frame:
        """The frame for a client that follows the history."""
        detail = "Some messages came while you were away and are not kept any more."
        return {"type": "missed", "detail": detail, "history": self.history.shown()}


@dataclass(frozen=True)
class Tabs:
    """How many tabs a user has now, for a client that wants to know."""

    user: str
    tabs: int

    def frame(self) -> Frame:
        """The frame for that client."""
        return {"type": "online", "event": "tabs", "user": self.user, "tabs": self.tabs}


# --- between processes, and then to clients -----------------------------------------------------


@dataclass(frozen=True)
class Joined:
    """A user opened a first tab."""

    user: str

    def frame(self) -> Frame:
        """The frame for everybody else."""
        return {"type": "online", "event": "joined", "user": self.user}

    def layer_event(self) -> Frame:
        """The event for the group."""
        return {"type": "online.joined", "user": self.user}


@dataclass(frozen=True)
class Left:
    """A user closed the last tab."""

    user: str

    def frame(self) -> Frame:
        """The frame for everybody else."""
        return {"type": "online", "event": "left", "user": self.user}

    def layer_event(self) -> Frame:
        """The event for the group."""
        return {"type": "online.left", "user": self.user}


@dataclass(frozen=True)
class Message:
    """Somebody said something, to all or to one user."""

    sender: str
    text: str
    to: str | None = None
    number: int | None = None  # in the history; a message to one user has none

    def frame(self) -> Frame:
        """The frame for each tab that the message is for."""
        return {"type": "message", "from": self.sender, "text": self.text, "to": self.to}

    def numbered_frame(self) -> Frame:
        """The same for a client that follows the history, which counts what it has by `id`."""
        return self.frame() | self._id()

    def layer_event(self) -> Frame:
        """The event for the group, or for one channel name."""
        event = {"type": "online.message", "from": self.sender, "text": self.text, "to": self.to}
        return event | self._id()

    def _id(self) -> Frame:
        return {} if self.number is None else {"id": self.number}


@dataclass(frozen=True)
class Off:
    """Another process tells one connection something: the tutorial's `online.off`."""

    message: str

    def frame(self) -> Frame:
        """The frame for that connection."""
        return {"type": "online", "event": "off", "message": self.message}

    def layer_event(self) -> Frame:
        """The event for one channel name."""
        return {"type": "online.off", **asdict(self)}


@dataclass(frozen=True)
class LoggedOut:
    """A session has ended: the connections that were opened with it are to close."""

    session: str  # its digest, never the key itself

    def layer_event(self) -> Frame:
        """The event for the group; no client ever sees it."""
        return {"type": "online.logged_out", **asdict(self)}


BoardEvent = Joined | Left | Message | Off
LayerEvent = BoardEvent | LoggedOut


class _Refused(Exception):
    """Leaves the reading of a frame early; it never leaves this module."""

    def __init__(self, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.error = Error(code, detail)


def parse(text: str) -> ClientEvent | Error:
    """Read what a client sent: an event, or the error to answer with."""
    try:
        return _client_event(_json_object(text))
    except _Refused as refused:
        return refused.error


def parse_layer_event(event: object) -> LayerEvent | Error:
    """Read what another process sent over the channel layer: an event, or what is wrong with it."""
    try:
        return _layer_event(event)
    except _Refused as refused:
        return refused.error


def check_text(text: str) -> Error | None:
    """Answer what is wrong with the text of a message, or None if it can be sent."""
    try:
        _text({"text": text}, "text")
    except _Refused as refused:
        return refused.error
    return None


def _client_event(event: Mapping[str, object]) -> ClientEvent:
    match event.get("type"):
        case "message":
            text = _text(event, "text")
            return Say(text, _string(event, "to") if event.get("to") is not None else None)
        case "ping":
            return Ping(_ping_id(event))
        case _:
            _expected('\'type\' to be "message" or "ping"', event, "type")


def _layer_event(event: object) -> LayerEvent:
    if not isinstance(event, Mapping):
        raise _Refused("bad_event", f"expected a dict, got {_shown(event)}")
    match event.get("type"):
        case "online.joined":
            return Joined(_string(event, "user"))
        case "online.left":
            return Left(_string(event, "user"))
        case "online.message":
            to = _string(event, "to") if event.get("to") is not None else None
            return Message(_string(event, "from"), _string(event, "text"), to, _number(event))
        case "online.off":
            return Off(_string(event, "message"))
        case "online.logged_out":
            return LoggedOut(_string(event, "session"))
        case _:
            wanted = "online.joined, online.left, online.message, online.off or online.logged_out"
            _expected(f"'type' to be {wanted}", event, "type")


def _json_object(text: str) -> Mapping[str, object]:
    # Counting bytes copies the text, so the count of characters, never larger, comes first.
    size = len(text) if len(text) > MAX_FRAME else len(text.encode(errors="surrogatepass"))
    if size > MAX_FRAME:
        raise _Refused("too_long", f"expected a frame of at most {MAX_FRAME} bytes, got more")
    try:
        value = json.loads(
            text, parse_constant=_not_json, object_pairs_hook=_object_without_repeated_keys
        )
    except RecursionError:
        raise _Refused("bad_json", "expected a flat object, got one nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"{error.msg} at character {error.pos}"
        raise _Refused("bad_json", f"expected a JSON object, got {_shown(text)}: {where}") from None
    except ValueError:  # an integer of thousands of digits: Python refuses to convert it
        detail = "expected shorter numbers, got one with thousands of digits"
        raise _Refused("bad_json", detail) from None
    if not isinstance(value, dict):
        raise _Refused("bad_event", f"expected a JSON object, got {_shown(value)}")
    return value


def _not_json(constant: str) -> NoReturn:
    # Python's reader takes these three; JSON does not have them, and no browser could read them.
    raise _Refused("bad_json", f"expected JSON, got {constant}, which JSON does not have")


def _object_without_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Which of two values counts differs from reader to reader, so neither is taken.
    found = dict(pairs)
    if len(found) != len(pairs):
        # One pass: a frame may hold thousands of keys, and all other clients wait meanwhile.
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused("bad_json", f"expected each key once, got {_shown(twice)} twice")
    return found


def _text(event: Mapping[str, object], key: str) -> str:
    text = _string(event, key)
    if len(text) > MAX_TEXT:
        detail = f"expected {key!r} of at most {MAX_TEXT} characters, got {len(text)}"
        raise _Refused("too_long", detail)
    if not text.strip():
        _expected(f"{key!r} to be a string with something in it", event, key)
    return text


def _string(event: Mapping[str, object], key: str) -> str:
    value = event.get(key)
    if not isinstance(value, str):
        _expected(f"{key!r} to be a string", event, key)
    if not _is_unicode(value):
        detail = f"expected {key!r} to be Unicode text, got half of a surrogate pair in it"
        raise _Refused("bad_event", detail)
    return value


def _number(event: Mapping[str, object]) -> int | None:
    # Whoever sends to the group by hand, as the tutorial does, gives none.
    number = event.get("id")
    if number is not None and not isinstance(number, int):
        _expected("'id' to be an integer", event, "id")
    return number


def _ping_id(event: Mapping[str, object]) -> int | str:
    value = event.get("id")
    if isinstance(value, str) and len(value) <= MAX_PING_ID and _is_unicode(value):
        return value
    # bool is a kind of int in Python; in JSON it is not.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER:
        return value
    wanted = f"an integer up to 2**53 - 1 or a string up to {MAX_PING_ID} characters"
    _expected(f"'id' to be {wanted}", event, "id")


def _is_unicode(text: str) -> bool:
    """Whether the text can be sent: JSON can spell half of a surrogate pair, UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _expected(wanted: str, event: Mapping[str, object], key: str) -> NoReturn:
    got = _shown(event[key]) if key in event else "no such key"
    raise _Refused("bad_event", f"expected {wanted}, got {got}")


def _shown(value: object) -> str:
    """A value as an error may repeat it: its JSON kind, and its first characters if it is plain."""
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if not isinstance(value, str | int | float | bool | None):
        return f"a {type(value).__name__}"
    if isinstance(value, str):
        # Cut before encoding, so that a megabyte is never copied into an answer.
        return json.dumps(value[:_SHOWN] + "…" * (len(value) > _SHOWN), ensure_ascii=True)
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return f"an integer of {value.bit_length()} bits"
    return json.dumps(value)
