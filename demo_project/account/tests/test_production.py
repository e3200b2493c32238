"""The project as the world meets it: DEBUG off, https, cookies, the log-in form, log-out."""

import asyncio
import http.cookies
import urllib.error
import urllib.parse
import urllib.request

import pytest

from account.tests import live
from account.tests.conftest import StartServer
from account.tests.live import LiveServer, receive, receive_until
from account.tests.raw import raw_connection

PRODUCTION = {
    "ALLOWED_HOSTS": "board.example",
    "DJANGO_SECRET_KEY": "lpsk5w3z-9c1m0vq7r2x8tq4n6b-y3h1k7d5f2g9j0a8e4u6i-of-sixty-characters",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}


def test_the_check_for_deployment_finds_nothing(env: dict[str, str]) -> None:
    done = live.manage("check", "--deploy", "--fail-level=WARNING", env=env | PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout + done.stderr


def test_a_server_with_a_public_name_is_no_development_server_by_accident(
    env: dict[str, str],
) -> None:
    done = live.manage("check", env=env | {"ALLOWED_HOSTS": "board.example"})
    assert done.returncode != 0
    assert "DJANGO_SECRET_KEY is not set" in done.stderr
    meant = live.manage("check", env=env | {"ALLOWED_HOSTS": "board.example", "DJANGO_DEBUG": "1"})
    assert meant.returncode == 0, meant.stderr


async def ask(server: LiveServer, path: str, *headers: str) -> tuple[str, dict[str, list[str]]]:
    """Status line and headers of an answer, without following where it leads."""
    async with raw_connection(server.address) as client:
        lines = [f"GET {path} HTTP/1.1", *headers]
        await client.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        status, *rest = (await client.read_head()).split("\r\n")
    found: dict[str, list[str]] = {}
    for line in rest:
        name, _, value = line.partition(": ")
        found.setdefault(name.lower(), []).append(value)
    return status, found


async def test_in_production_pages_are_https_and_cookies_stay_there(
    start_server: StartServer, redis_url: str
) -> None:
    proxied = {"TRUSTED_PROXIES": "127.0.0.1", "REDIS_URL": redis_url}
    server = start_server(**(PRODUCTION | proxied))
    status, headers = await ask(server, "/plain/", "Host: board.example")
    assert status.startswith("HTTP/1.1 301 ")
    assert headers["location"] == ["https://board.example/plain/"]
    secure = ("Host: board.example", "X-Forwarded-Proto: https")
    status, headers = await ask(server, "/", *secure)
    assert status.startswith("HTTP/1.1 200 ")
    assert headers["strict-transport-security"] == ["max-age=31536000"]
    cookies = http.cookies.SimpleCookie("\r\n".join(headers["set-cookie"]))
    for cookie in headers["set-cookie"]:
        cookies.load(cookie)
    session, token = cookies["__Host-sessionid"], cookies["csrftoken"]
    assert session["httponly"] and session["secure"] and session["samesite"] == "Lax"
    assert session["path"] == "/" and not session["domain"]
    assert token["secure"] and token["samesite"] == "Lax"
    status, _ = await ask(server, "/", "Host: evil.example", "X-Forwarded-Proto: https")
    assert status.startswith("HTTP/1.1 400 ")


def test_a_log_in_without_the_token_of_the_form_is_refused(server: LiveServer) -> None:
    form = urllib.parse.urlencode({"username": "ana", "password": "channels"}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(
            f"http://{server.address}/accounts/login/", form, timeout=live.TIMEOUT
        )
    assert refused.value.code == 403
    refused.value.close()


def log_out(server: LiveServer, cookie: str) -> None:
    """Log out over HTTP, as the button of the page does."""
    token = http.cookies.SimpleCookie(cookie)["csrftoken"].value
    request = urllib.request.Request(
        f"http://{server.address}/accounts/logout/",
        urllib.parse.urlencode({"csrfmiddlewaretoken": token}).encode(),
        {"Cookie": cookie},
    )
    urllib.request.urlopen(request, timeout=live.TIMEOUT).close()


async def test_a_log_out_closes_the_connections_of_its_session_on_all_servers(
    start_server: StartServer,
) -> None:
    one, two = start_server(), start_server()
    here, elsewhere = [await asyncio.to_thread(one.log_in, "ana") for _ in range(2)]
    async with (
        one.connect(here) as tab,
        two.connect(here) as other_tab,
        one.connect(elsewhere) as phone,
        two.connect() as guest,
    ):
        for client in (tab, other_tab, phone, guest):
            await receive(client)
        await asyncio.to_thread(log_out, one, here)
        for client in (tab, other_tab):
            async with asyncio.timeout(live.TIMEOUT):
                await client.wait_closed()
            assert client.close_code == 4401
        for client in (phone, guest):
            await client.send('{"type": "ping", "id": "still here"}')
            await receive_until(client, lambda frame: frame["type"] == "pong")
    assert "Traceback" not in one.log + two.log
