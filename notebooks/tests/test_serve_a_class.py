"""`make classroom`: a server with a class, which is there again after the server was killed."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import psutil
import pytest

from channels_lab import room
from channels_lab.errors import LabError
from channels_lab.ports import free_port
from channels_lab.shell import clean_environment
from tools import network

NOTEBOOKS = Path(__file__).resolve().parents[1]
SECONDS = 20.0


@contextmanager
def teaching(database: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The process, and what it has printed before the first line of the server's log."""
    command = [sys.executable, "-m", "channels_lab", "classroom", f"--database={database}", *more]
    process = subprocess.Popen(
        command,
        cwd=NOTEBOOKS,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    printed = {}
    try:
        assert process.stdout
        for line in process.stdout:  # ends with the process, if it does not start
            first, _, rest = line.strip().partition(":")
            printed[first] = rest.strip()
            if "Ctrl-C" in line:
                break
        yield process, printed
    finally:
        if process.poll() is None:
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()  # the keeper as well: nobody says goodbye
            process.kill()
        process.communicate(timeout=SECONDS)


def status_of(address: str, host: str | None = None) -> int:
    """The status with which a page is answered."""
    request = Request(address, headers={"Host": host} if host else {})
    try:
        with urlopen(request, timeout=SECONDS) as page:
            return int(page.status)
    except HTTPError as refused:
        return refused.code


def opening_a_class(address: str) -> tuple[int, str | None]:
    """The status with which a browser there is answered that opens a class, and the error."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    browser.open(f"{address}/classroom/", timeout=SECONDS).close()
    [token] = [cookie.value for cookie in jar if cookie.name == "csrftoken"]
    headers = {"Content-Type": "application/json", "X-CSRFToken": str(token)}
    opening = Request(f"{address}/classroom/open/", b'{"title": "Another"}', headers)
    try:
        with browser.open(opening, timeout=SECONDS) as answer:
            return answer.status, None
    except HTTPError as refused:
        return refused.code, json.load(refused)["code"]


def test_a_class_is_there_with_its_code_and_again_after_a_kill(tmp_path: Path) -> None:
    port = free_port()
    words = (f"--port={port}", "--title=It's “live”", "--name=Dr. Ada")
    with teaching(tmp_path / "class.sqlite3", *words) as (_, printed):
        here = f"http://127.0.0.1:{port}"
        assert printed["Class"] == "It's “live”"
        code = printed["Code"].replace("-", "")
        assert printed["Learners"] == f"{here}/classroom/#{code}"
        assert printed["Instructor"].startswith(f"{here}/classroom/board/#key=")
        assert any(line.startswith("Only this machine reaches it") for line in printed)
        assert status_of(f"{here}/classroom/") == 200
        assert status_of(f"{here}/classroom/", "evil.example") == 400
        # No user of a known password is there to log in as.
        assert status_of(f"{here}/accounts/login/") == 200
    with teaching(tmp_path / "class.sqlite3", *words) as (_, again):
        assert again == printed


def test_the_room_reaches_it_by_its_addresses(tmp_path: Path) -> None:
    if not room.addresses():  # a machine without a network, as some of CI are
        return
    port = free_port()
    words = (f"--port={port}", "--host=0.0.0.0")
    with teaching(tmp_path / "class.sqlite3", *words) as (_, printed):
        address = printed["Learners"].partition("/classroom/")[0]
        assert address == room.link("0.0.0.0", port)
        assert any(line.startswith("Everybody in this network reaches it") for line in printed)
        assert status_of(f"{address}/classroom/") == 200
        assert status_of(f"http://127.0.0.1:{port}/classroom/", room.addresses()[0]) == 200
        # What is for this machine only is not for the room.
        assert opening_a_class(f"http://127.0.0.1:{port}") == (201, None)
        assert opening_a_class(address) == (403, "not_allowed")


def test_it_makes_no_users_whose_password_is_known(tmp_path: Path) -> None:
    database = tmp_path / "class.sqlite3"
    with teaching(database, f"--port={free_port()}"):
        pass
    with sqlite3.connect(database) as opened:
        assert opened.execute("SELECT count(*) FROM auth_user").fetchone() == (0,)
        assert opened.execute("SELECT count(*) FROM classroom_room").fetchone() == (1,)
    opened.close()


@pytest.mark.parametrize("host", ["", "example.org", "::1", "256.1.1.1"])
def test_what_is_no_address_is_said(tmp_path: Path, host: str) -> None:
    with teaching(tmp_path / "class.sqlite3", f"--host={host}") as (process, _):
        assert process.wait(SECONDS) == 1
        assert process.stderr
        assert process.stderr.read().startswith("Cannot serve: expected HOST to be an IPv4 address")


def test_localhost_is_this_machine() -> None:
    assert room.check_host("localhost") == "127.0.0.1"
    assert room.names("127.0.0.1") == ["localhost", "127.0.0.1", "127.0.0.1"]


def test_without_a_network_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "addresses", list)
    with pytest.raises(LabError, match="no address in any network"):
        room.link("0.0.0.0", 8080)
    assert room.link("127.0.0.1", 8080) == "http://127.0.0.1:8080"


def test_an_address_of_this_machine_is_one_that_a_socket_can_have() -> None:
    for address in room.addresses():
        socket.create_server((address, 0)).close()


def test_an_address_that_leads_nowhere_is_not_shown_to_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bridge of Docker without a container has an address, and no network behind it."""
    real_address = next(iter(psutil.net_if_addrs().values()))[0]
    real_state = next(iter(psutil.net_if_stats().values()))

    def has(*addresses: str) -> list[Any]:
        inet = real_address._replace(family=socket.AF_INET)
        return [inet._replace(address=address) for address in addresses]

    found = {"docker0": has("172.17.0.1"), "wlan0": has("127.0.0.1", "169.254.7.7", "10.1.2.3")}
    states = {name: real_state._replace(isup=name == "wlan0") for name in found}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    monkeypatch.setattr(room, "way_out", lambda: None)  # a room's own network, without internet
    assert room.addresses() == ["10.1.2.3", "169.254.7.7"]
    assert network.addresses() == ("10.1.2.3",)
