"""The log: one event is one line, whatever clients put into paths, methods, headers and names."""

import logging

import pytest

from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive
from account.tests.raw import handshake, raw_connection
from myproject.guard.lines import LineFormatter, one_line

FORGED = "2026-11-22 10:00:00 INFO forged"


def line_of(message: object, *args: object, exc_info: object = None) -> str:
    """A record as the formatter writes it."""
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, args or None, None)
    if exc_info is not None:
        record.exc_info = exc_info  # type: ignore[assignment]
    return LineFormatter("%(levelname)s %(message)s").format(record)


def test_a_value_cannot_begin_a_line_or_colour_it() -> None:
    assert line_of("got %s", f"a\n{FORGED}") == f"INFO got a\\n{FORGED}"
    assert line_of("got %s", "\x1b[2J\u202e\u2028") == r"INFO got \x1b[2J\u202e\u2028"
    assert line_of(f"got a\r\n{FORGED}") == f"INFO got a\\r\\n{FORGED}"
    assert line_of("got %(path)s", {"path": "\0"}) == r"INFO got \x00"


def test_numbers_and_colours_of_the_template_stay() -> None:
    assert line_of("\x1b[32m%d in %.2f s\x1b[0m", 3, 0.5) == "INFO \x1b[32m3 in 0.50 s\x1b[0m"


def test_a_long_value_is_cut() -> None:
    assert line_of("%s", "x" * 1_000_000).endswith("xxx… (1000000 characters)")
    assert len(one_line("x" * 1_000_000)) < 2_100


def test_the_lines_of_a_traceback_are_indented() -> None:
    try:
        raise ValueError(f"bad\n{FORGED}\x1b[2J")
    except ValueError as error:
        written = line_of("failed", exc_info=(ValueError, error, error.__traceback__))
    first, *others = written.split("\n")
    assert first == "INFO failed"
    assert others[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in others)
    assert "\x1b" not in written


PATHS = {
    "a new line, quoted": "/%0a2026-11-22%2010:00:00%20INFO%20forged",
    "an escape, bare": "/\x1b[31mred",
    "an escape, quoted": "/%1b[31mred",
    "long": "/" + "x" * 8_000,
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@pytest.mark.parametrize("kind", ["page", "websocket"])
async def test_a_path_writes_no_line_and_no_colour(
    server: LiveServer, path: str, kind: str
) -> None:
    before, asked = len(server.lines), server.log.count('"GET /me/" 200')
    async with raw_connection(server.address) as client:
        if kind == "websocket":
            await client.send(handshake(server.address, path=path))
        else:
            await client.send(f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        assert await client.read_head()
    server.get("/me/")  # its line comes after those of the attack
    server.wait_for_line(r'"GET /me/" 200', asked + 1)
    written = server.lines[before:]
    assert not [line for line in written if line.startswith("2026-11-22 10:00:00")]
    assert not [line for line in written if "\x1b" in line or len(line) > 2_400]


async def test_uvicorn_writes_one_line_for_one_that_comes(start_uvicorn: StartServer) -> None:
    server = start_uvicorn()
    for number in (1, 2):  # what is written of the first comes before the line of the second
        async with server.connect() as client:
            await receive(client)
            server.wait_for_line(r'"WebSocket /online/" \[accepted\]', number)
    assert "connection open" not in server.log


HEADERS = {
    "a line break in a value": "X-A: a\rX-B: b",
    "a lone line feed": "X-A: a\nSet-Cookie: sessionid=1",
    "a NUL": "X-A: a\0b",
    "a space in a name": "X A: b",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6",
    "a length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
async def test_a_header_that_means_two_things_is_refused(server: LiveServer, header: str) -> None:
    async with raw_connection(server.address) as client:
        await client.send(handshake(server.address, header))
        assert (await client.read_head()).startswith("HTTP/1.1 400 ")


async def test_a_redirect_cannot_be_given_a_header(server: LiveServer) -> None:
    async with raw_connection(server.address) as client:
        request = f"GET /accounts/login?next=%0d%0aX-Forged:%201 HTTP/1.1\r\nHost: {server.address}"
        await client.send(f"{request}\r\n\r\n".encode())
        head = await client.read_head()
    assert head.startswith("HTTP/1.1 301 ")
    assert "X-Forged" not in [line.split(":")[0] for line in head.split("\r\n")]
