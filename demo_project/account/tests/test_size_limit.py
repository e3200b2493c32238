"""One limit for the size of a message, below the application, on daphne and on uvicorn."""

import json
import zlib

import psutil
import pytest

from account.events import MAX_FRAME
from account.tests.conftest import StartServer
from account.tests.live import LiveServer
from account.tests.raw import BINARY, CONTINUATION, TEXT, frame, raw_socket

MiB = 1024 * 1024
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
_ZEROS = zlib.compressobj(wbits=-zlib.MAX_WBITS)
BOMB = _ZEROS.compress(bytes(16 * MiB)) + _ZEROS.flush(zlib.Z_SYNC_FLUSH)
ROUNDS = 40
GROWTH = 16 * MiB


def in_pieces(size: int, piece: int) -> bytes:
    """A text of this size in frames of `piece` bytes."""
    sizes = [piece] * (size // piece) + [size % piece] * bool(size % piece)
    frames = [frame(CONTINUATION, b"x" * length, fin=False) for length in sizes]
    frames[0] = frame(TEXT, b"x" * sizes[0], fin=False)
    return b"".join(frames)


ATTACKS = {
    "one byte too many": (frame(TEXT, b"x" * (MAX_FRAME + 1)), 1009),
    "5 MiB": (frame(BINARY, bytes(5 * MiB)), 1009),
    "a terabyte that is only announced": (frame(TEXT, b"x" * 100, says=2**40, width=8), 1009),
    "in pieces of 1 KiB": (in_pieces(MAX_FRAME + 1, 1024), 1009),
    "a bomb": (frame(TEXT, BOMB, rsv=4), 1002),
}
ONLY_DAPHNE = {
    "a million empty pieces": (
        frame(TEXT, fin=False) + frame(CONTINUATION, fin=False) * 1_000_000,
        1009,
    ),
    "a ping of 5 MiB": (frame(9, bytes(5 * MiB)), 1002),
}


@pytest.fixture(params=["daphne", "uvicorn"])
def either(
    request: pytest.FixtureRequest, start_server: StartServer, start_uvicorn: StartServer
) -> LiveServer:
    """A server of each kind."""
    start = start_server if request.param == "daphne" else start_uvicorn
    return start()


async def test_a_message_above_the_limit_is_closed_with_1009_and_memory_does_not_grow(
    either: LiveServer,
) -> None:
    attacks = ATTACKS if either.is_uvicorn else ATTACKS | ONLY_DAPHNE
    process = psutil.Process(either.pid)
    for number in range(ROUNDS + 1):
        for name, (data, code) in attacks.items():
            async with raw_socket(either.address, DEFLATE) as client:
                assert "permessage-deflate" not in client.response
                await client.send(data)
                assert await client.close_code() == code, name
            if name in ONLY_DAPHNE and number == 1:
                attacks = ATTACKS  # they are large: twice is enough
        if number == 0:
            before = process.memory_info().rss
    grown = process.memory_info().rss - before
    assert grown < GROWTH, f"{grown / MiB:.1f} MiB after {ROUNDS * len(attacks)} attacks"
    assert "Traceback" not in either.log


async def test_a_message_at_the_limit_reaches_the_application(either: LiveServer) -> None:
    whole = frame(TEXT, b"x" * MAX_FRAME)
    pieces = in_pieces(MAX_FRAME, 1024) + frame(CONTINUATION)
    async with raw_socket(either.address) as client:
        await client.send(whole + pieces)
        codes: list[str] = []
        while len(codes) < 2:
            received = await client.receive()
            assert received is not None and received.opcode == TEXT
            answer = json.loads(received.payload)
            if answer["type"] == "error":
                codes.append(answer["code"])
        assert codes == ["bad_json", "bad_json"]
