"""`make serve`: the board with its Valkey on one port, and one Ctrl-C that stops all of it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from channels_lab.ports import free_port
from channels_lab.shell import clean_environment

NOTEBOOKS = Path(__file__).resolve().parents[1]
SECONDS = 20.0


def start(port: int, database: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "channels_lab", "serve", f"--port={port}"]
    return subprocess.Popen(
        [*command, f"--database={database}"],
        cwd=NOTEBOOKS,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    process = start(port, tmp_path / "db.sqlite3")
    try:
        assert process.stdout
        for line in process.stdout:  # ends with the process, if it does not start
            if "Log in as" in line:
                break
        yield process, port
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def test_it_serves_the_board_until_ctrl_c_and_leaves_nothing(
    served: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = served
    with urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as page:
        assert page.status == 200
    processes = psutil.Process(process.pid).children(recursive=True)
    assert len(processes) >= 3  # the keeper, daphne, Valkey
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    _, alive = psutil.wait_procs(processes, timeout=SECONDS)
    assert alive == []
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_taken_port_is_one_sentence_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(port, tmp_path / "db.sqlite3")
        _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert error.startswith(f"Cannot serve: port {port} is taken by ")
    assert len(error.strip().splitlines()) == 1
