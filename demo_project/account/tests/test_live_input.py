"""Bad input to a real server: an error frame or the right close code, and nobody else notices."""

import json

from websockets.frames import Frame, Opcode

from account.tests.conftest import StartServer
from account.tests.live import LiveServer, ping, receive
from account.tests.raw import raw_socket

BAD: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("{", "bad_json"),
    "an empty frame": ("", "bad_json"),
    "NaN": ('{"type":"ping","id":NaN}', "bad_json"),
    "a repeated key": ('{"type":"ping","type":"ping","id":1}', "bad_json"),
    "nested too deeply": ("[" * 60_000, "bad_json"),
    "nested too deeply, in an object": ('{"a":' * 12_000, "bad_json"),
    "an integer of 5,000 digits": ('{"type":"ping","id":' + "9" * 5_000 + "}", "bad_json"),
    "no object": ("[]", "bad_event"),
    "null": ("null", "bad_event"),
    "an unknown type": ('{"type":"websocket.disconnect","code":1000}', "bad_event"),
    "a type that is a list": ('{"type":["ping"]}', "bad_event"),
    "no type": ("{}", "bad_event"),
    "a missing key": ('{"type":"message"}', "bad_event"),
    "a wrong type": ('{"type":"message","text":7}', "bad_event"),
    "half of a surrogate pair": ('{"type":"message","text":"\\ud800"}', "bad_event"),
    "a ping with no id": ('{"type":"ping"}', "bad_event"),
    "a text that is too long": (json.dumps({"type": "message", "text": "x" * 2001}), "too_long"),
    "a frame of 64 KiB": (json.dumps({"type": "message", "text": "x" * 65_503}), "too_long"),
    "binary": (b"\x00\xff", "bad_json"),
    "empty binary": (b"", "bad_json"),
    "JSON in a binary frame": (b'{"type":"ping","id":1}', "bad_json"),
    "nobody of that name": ('{"type":"message","text":"hi","to":"nobody"}', "unknown_user"),
}


async def test_every_bad_frame_gets_its_error_and_the_connection_stays_open(
    start_server: StartServer,
) -> None:
    server = start_server(MESSAGES_PER_CONNECTION="0")  # none of it is too fast here
    async with server.connect() as client, server.connect() as bystander:
        assert (await receive(client))["event"] == "state"
        assert (await receive(client))["event"] == "joined"
        assert (await receive(bystander))["event"] == "state"
        for name, (data, code) in BAD.items():
            await client.send(data)
            error = await receive(client)
            assert (error["type"], error["code"]) == ("error", code), name
            assert 0 < len(error["detail"]) < 300, name
            assert await ping(client, name) == {"type": "pong", "id": name}
        # The very next frame of the bystander is its own pong: it saw nothing of all this.
        assert await ping(bystander, "still here") == {"type": "pong", "id": "still here"}


BREACHES = {
    "invalid UTF-8": (Frame(Opcode.TEXT, b"\xff\xfe"), 1007),
    "a frame above 64 KiB": (Frame(Opcode.TEXT, b"x" * 65_537), 1009),
    "5 MB of text": (Frame(Opcode.TEXT, b"x" * 5_000_000), 1009),
    "5 MB binary": (Frame(Opcode.BINARY, b"x" * 5_000_000), 1009),
    "the middle of no message": (Frame(Opcode.CONT, b"x"), 1002),
}


async def test_daphne_closes_a_breach_of_the_protocol_with_its_code(server: LiveServer) -> None:
    await assert_breaches_close_with_their_code(server)


async def test_runserver_closes_a_breach_of_the_protocol_with_its_code(
    start_runserver: StartServer,
) -> None:
    server = start_runserver()
    await assert_breaches_close_with_their_code(server)
    assert "Traceback" not in server.log


async def assert_breaches_close_with_their_code(server: LiveServer) -> None:
    """Each breach ends its own connection with the right code, and nobody else's."""
    async with server.connect() as bystander:
        assert (await receive(bystander))["event"] == "state"
        for breach, (frame, code) in BREACHES.items():
            # By hand: the library would not send such a frame.
            async with raw_socket(server.address) as client:
                joined = await receive(bystander)
                await client.send(frame.serialize(mask=True))
                assert await client.close_code() == code, breach
            assert joined["event"] == "joined", breach
            assert await receive(bystander) == joined | {"event": "left"}, breach
            assert await ping(bystander, breach) == {"type": "pong", "id": breach}
