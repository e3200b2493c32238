"""Frames that a library would not send, and what a server has to make of each: for the fuzzing."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from account.events import MAX_FRAME
from account.tests.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

SURVIVES = 0
"""Stands for the close code of a connection that stays open."""
GARBAGE = frozenset((None, 1000, 1002, 1007, 1009))
"""How a connection may end that was sent random bytes; None: hung up while it waited for more."""
BAD_UTF8 = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\x80", b"\xe2\x82")
BAD_CODES = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535)
GOOD_CODES = (1000, 1001, 1003, 1007, 1011, 3000, 4000, 4999)


@dataclass(frozen=True)
class Case:
    """Bytes on an open connection, and the close codes that are right for them."""

    kind: str
    data: bytes
    codes: frozenset[int | None]

    @property
    def survives(self) -> bool:
        """Whether the connection has to stay open."""
        return self.codes == {SURVIVES}


Make = Callable[[Random], bytes]


def _text(random: Random) -> bytes:
    letters = [chr(random.choice((random.randrange(1, 0xD800), 0x1F600))) for _ in range(9)]
    return "".join(letters).encode()


def _bytes(random: Random, most: int) -> bytes:
    return random.randbytes(random.randint(0, most))


def _pieces(random: Random) -> bytes:
    """A text in pieces, cut anywhere, with pings in between."""
    text = _text(random)
    cut = random.randint(0, len(text))
    parts = [frame(TEXT, text[:cut], fin=False), frame(CONTINUATION, text[cut:])]
    return frame(PING, b"between").join(parts)


def _bad_pieces(random: Random) -> bytes:
    bad = frame(CONTINUATION, random.choice(BAD_UTF8))
    return frame(TEXT, _text(random), fin=False) + bad


def _bad_length(random: Random) -> bytes:
    size = random.randint(0, 125)
    return frame(random.choice((TEXT, BINARY)), bytes(size), width=random.choice((2, 8)))


def _announced(random: Random) -> bytes:
    says = random.choice((MAX_FRAME + 1, 2**31, 2**32 + 5, 2**62))
    return frame(random.choice((TEXT, BINARY)), _bytes(random, 50), says=says, width=8)


def _too_long_in_pieces(random: Random) -> bytes:
    pieces = [frame(CONTINUATION, bytes(40_000), fin=False), frame(CONTINUATION, bytes(40_000))]
    return frame(BINARY, _bytes(random, 99), fin=False) + b"".join(pieces)


def _control_in_pieces(random: Random) -> bytes:
    return frame(random.choice((CLOSE, PING, PONG)), b"", fin=False)


def _long_control(random: Random) -> bytes:
    payload = bytes(random.choice((126, 127, 1_000, 70_000)))
    return frame(random.choice((CLOSE, PING, PONG)), payload)


def _close(random: Random, code: int, reason: bytes = b"bye") -> bytes:
    return frame(CLOSE, code.to_bytes(2) + reason)


KINDS: dict[str, tuple[int | None, Make]] = {
    "ping": (SURVIVES, lambda random: frame(PING, _bytes(random, 125))),
    "pong to nothing": (SURVIVES, lambda random: frame(PONG, _bytes(random, 125))),
    "text": (SURVIVES, lambda random: frame(TEXT, _text(random))),
    "binary": (SURVIVES, lambda random: frame(BINARY, _bytes(random, 3_000))),
    "pieces": (SURVIVES, _pieces),
    "nothing": (SURVIVES, lambda random: frame(random.choice((TEXT, BINARY)))),
    "reserved bits": (1002, lambda random: frame(TEXT, _text(random), rsv=random.randint(1, 7))),
    "reserved data opcode": (1002, lambda random: frame(random.randint(3, 7), b"x")),
    "reserved control opcode": (1002, lambda random: frame(random.randint(11, 15), b"x")),
    "no mask": (1002, lambda random: frame(TEXT, _text(random), masked=False)),
    "length not the shortest": (1002, _bad_length),
    "length of 2**63": (1002, lambda random: frame(BINARY, says=2**63 + 5, width=8)),
    "control in pieces": (1002, _control_in_pieces),
    "long control": (1002, _long_control),
    "the middle of nothing": (1002, lambda random: frame(CONTINUATION, _bytes(random, 50))),
    "a message in a message": (1002, lambda random: frame(TEXT, fin=False) + frame(TEXT)),
    "close of one byte": (1002, lambda random: frame(CLOSE, b"\x03")),
    "close with a bad code": (1002, lambda random: _close(random, random.choice(BAD_CODES))),
    "close with bad words": (
        1007,
        lambda random: _close(random, 1000, random.choice(BAD_UTF8)),
    ),
    "close": (1000, lambda random: _close(random, random.choice(GOOD_CODES))),
    "close without a code": (1000, lambda random: frame(CLOSE)),
    "bad UTF-8": (1007, lambda random: frame(TEXT, random.choice(BAD_UTF8))),
    "bad UTF-8 in pieces": (1007, _bad_pieces),
    "announced too long": (1009, _announced),
    "too long in pieces": (1009, _too_long_in_pieces),
    "garbage": (None, lambda random: _bytes(random, 300)),
}
_SURVIVE = [kind for kind, (code, _) in KINDS.items() if code == SURVIVES]
_END = [kind for kind, (code, _) in KINDS.items() if code != SURVIVES]


def case(random: Random, ends: float = 0.25) -> Case:
    """The next case; that share of them ends the connection, which is the slower half."""
    kind = random.choice(_END if random.random() < ends else _SURVIVE)
    code, make = KINDS[kind]
    data = make(random)
    if code != SURVIVES and random.random() < 0.5:
        data += _bytes(random, 200)  # whatever follows changes nothing any more
    # Half a character at the end of a text is only bad once the text ends: 1007 in any case.
    return Case(kind, data, GARBAGE if code is None else frozenset((code,)))
