"""The wire: what clients, the server and other processes say to each other, typed.

`parse` reads a client's frame and `parse_layer_event` another process's event. Neither ever raises:
what cannot be understood comes back as an `Error`, a value like any other. `frame()` is what goes
to a client; `layer_event()` is what goes to other processes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from account.frames import MAX_FRAME as MAX_FRAME
from account.frames import Refused, expected, identifier, json_object, shown, string

MAX_TEXT = 2_000
"""Characters (code points) in one message."""

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


def parse(text: str) -> ClientEvent | Error:
    """Read what a client sent: an event, or the error to answer with."""
    try:
        return _client_event(json_object(text))
    except Refused as refused:
        return Error(refused.code, refused.detail)


def parse_layer_event(event: object) -> LayerEvent | Error:
    """Read what another process sent over the channel layer: an event, or what is wrong with it."""
    try:
        return _layer_event(event)
    except Refused as refused:
        return Error(refused.code, refused.detail)


def check_text(text: str) -> Error | None:
    """Answer what is wrong with the text of a message, or None if it can be sent."""
    try:
        _text({"text": text}, "text")
    except Refused as refused:
        return Error(refused.code, refused.detail)
    return None


def _client_event(event: Mapping[str, object]) -> ClientEvent:
    match event.get("type"):
        case "message":
            text = _text(event, "text")
            return Say(text, string(event, "to") if event.get("to") is not None else None)
        case "ping":
            return Ping(identifier(event, "id"))
        case _:
            expected('\'type\' to be "message" or "ping"', event, "type")


def _layer_event(event: object) -> LayerEvent:
    if not isinstance(event, Mapping):
        raise Refused("bad_event", f"expected a dict, got {shown(event)}")
    match event.get("type"):
        case "online.joined":
            return Joined(string(event, "user"))
        case "online.left":
            return Left(string(event, "user"))
        case "online.message":
            to = string(event, "to") if event.get("to") is not None else None
            return Message(string(event, "from"), string(event, "text"), to, _number(event))
        case "online.off":
            return Off(string(event, "message"))
        case "online.logged_out":
            return LoggedOut(string(event, "session"))
        case _:
            wanted = "online.joined, online.left, online.message, online.off or online.logged_out"
            expected(f"'type' to be {wanted}", event, "type")


def _text(event: Mapping[str, object], key: str) -> str:
    text = string(event, key)
    if len(text) > MAX_TEXT:
        detail = f"expected {key!r} of at most {MAX_TEXT} characters, got {len(text)}"
        raise Refused("too_long", detail)
    if not text.strip():
        expected(f"{key!r} to be a string with something in it", event, key)
    return text


def _number(event: Mapping[str, object]) -> int | None:
    # Whoever sends to the group by hand, as the tutorial does, gives none.
    number = event.get("id")
    if number is not None and not isinstance(number, int):
        expected("'id' to be an integer", event, "id")
    return number
