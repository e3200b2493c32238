"""What a class needs of this machine and its network: `python -m tools.morning --host 0.0.0.0`.

`tools.doctor` calls it, maybe with half of the packages missing: so each look imports for itself
what it needs, and one that cannot says so in its line.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import getproxies, proxy_bypass

from tools import network

if TYPE_CHECKING:
    from channels_lab.checkup import Finding

ROOT = Path(__file__).resolve().parents[2]
GOOD, MIND, BAD = "✔", "!", "✘"
ROOM_ON_DISK = 500_000_000  # bytes for what the learner's projects and the databases become
OPEN_FILES = 1024  # lesson 07 alone has 300 clients in one process
LAB_SECONDS = 60
LOCAL = "127.0.0.1"


class Line(NamedTuple):
    """What was looked at: a mark, the thing, and what to do where it is not well."""

    mark: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.mark} {self.what}{f': {self.advice}' if self.advice else ''}"


def line(well: bool, what: str, advice: str, mark: str = BAD) -> Line:
    """Return the line of a thing that is well, or of one that is not, with its advice."""
    return Line(GOOD, what) if well else Line(mark, what, advice)


def of_finding(finding: Finding) -> Line:
    """Return the line for what lesson 00's check-up found."""
    return line(finding.well, finding.what, finding.advice)


def packages(root: Path = ROOT) -> Line:
    """Whether what is installed is what constraints.txt pins, and nothing needed is missing."""
    from importlib.metadata import distributions

    from channels_lab.checkup import pins, wrong_versions

    constraints = root / "constraints.txt"
    pinned = set(pins(constraints))
    here = {each.name.lower().replace("_", "-") for each in distributions() if each.name}
    asked = (root / "requirements.txt").read_text("utf-8").splitlines()
    direct = {each.partition("==")[0].partition("[")[0] for each in asked if "==" in each}
    wrong = wrong_versions(sorted(pinned & (here | direct)), constraints)
    what = f"{len(pinned & here)} packages in the versions of constraints.txt"
    return line(not wrong, what, f"{', '.join(wrong)}; run `make clean`, then `make setup`")


def disk(needed: int = ROOM_ON_DISK) -> Iterator[Line]:
    """Whether the disk of the course and that of the temporary files have room."""
    for what, folder in (("course", ROOT), ("temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        advice = f"{free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB are needed; delete something"
        yield line(free >= needed, f"room on the disk of the {what}", advice)


def files(needed: int = OPEN_FILES) -> Line:
    """Whether a process may have as many files and sockets open as a class needs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    advice = f"{soft} are allowed; run `ulimit -n 4096` in this terminal before `make lab`"
    well = soft >= needed or soft == resource.RLIM_INFINITY
    return line(well, f"{needed} open files for one process", advice)


def clock() -> Line:
    """Whether the clock is not behind the files that it has dated itself."""
    newest = max(path.stat().st_mtime for path in (ROOT / "Makefile", Path(sys.executable)))
    said = time.strftime("%Y-%m-%d %H:%M")
    advice = f"it says {said}, and the files of the course are of {time.ctime(newest)}: set it"
    return line(time.time() > newest - 60, f"the clock ({said})", advice)


def port(number: int) -> Line:
    """Whether the port of the class is free."""
    from channels_lab.ports import holder, is_taken

    taken = is_taken(number)
    who = holder(number) if taken else ""
    advice = f"{who} has it; end that program, or take another port: PORT={number + 1}"
    return line(not taken, f"port {number} is free", advice)


def proxies(addresses: tuple[str, ...] = ()) -> Line:
    """Whether what stays on this machine or in this room goes round the proxy, if there is one."""
    found = {kind: url for kind, url in getproxies().items() if kind in ("http", "https", "all")}
    caught = [name for name in ("localhost", LOCAL, *addresses) if not proxy_bypass(name)]
    if not found or not caught:
        return Line(GOOD, "no proxy in the way of a WebSocket")
    names = ", ".join(f"{kind}_proxy" for kind in sorted(found))
    advice = (
        f"{names} is set, and a WebSocket through a proxy fails; run "
        f"`export NO_PROXY={','.join(('localhost', LOCAL, *addresses))}` in this terminal, and let "
        "browsers go round the proxy for these names too"
    )
    return Line(BAD, "no proxy in the way of a WebSocket", advice)


def browser() -> Line:
    """Whether there is a Chromium or Chrome; for the lessons any recent browser does."""
    from tools.browser import find_browser

    found = find_browser()
    advice = (
        "there is none here; Firefox or Safari do for the lessons, `make test` and `make pages` "
        "take Chromium or Chrome (Debian and Ubuntu: sudo apt install chromium)"
    )
    return line(found is not None, "a browser: Chromium or Chrome", advice, MIND)


def client() -> Line:
    """Whether the Angular client is built from the sources that are here."""
    from tools.frontend import FRONTEND, fingerprint, is_made, sources

    well = is_made(FRONTEND / "dist", fingerprint(FRONTEND, sources(FRONTEND)))
    advice = "it is not, or from older sources; run `make client`, which needs the network once"
    return line(well, "the Angular client is built", advice)


def lab(seconds: float = LAB_SECONDS) -> Line:
    """Whether JupyterLab starts and answers."""
    from tools.running_lab import NotServed, running_lab

    with tempfile.TemporaryDirectory(prefix="doctor-") as temporary:
        root, home = Path(temporary) / "root", Path(temporary) / "home"
        root.mkdir()
        home.mkdir()
        try:
            with running_lab(root, home, seconds):
                return Line(GOOD, "JupyterLab starts")
        except NotServed as error:
            last = str(error).strip().splitlines()[-1]
            advice = f"{last}; run `make clean`, then `make setup`"
            return Line(BAD, "JupyterLab starts", advice)


def internet() -> Line:
    """Say that no internet is needed, whether there is one or not."""
    from channels_lab import room

    there = "there is a way out of this network" if room.way_out() else "there is none, fine"
    return Line(GOOD, f"the internet is not needed ({there})")


def way_in(host: str, number: int) -> Iterator[Line]:
    """Whether other machines of the room can come to the port, as far as this one can tell."""
    addresses = network.addresses()
    if host in (LOCAL, "localhost"):
        known = ", ".join(addresses) or "none"
        what = f"the class is open to this machine alone (HOST={LOCAL})"
        advice = f"HOST=0.0.0.0 opens it to the room; addresses here: {known}"
        yield Line(MIND, what, advice)
        return
    what = f"other machines can come in (HOST={host})"
    if not addresses:
        yield Line(
            BAD, what, "this machine is in no network; join the room's, or plug the cable in"
        )
        return
    if host not in ("0.0.0.0", *addresses):
        known = ", ".join(addresses)
        yield Line(BAD, what, f"{host} is no address of this machine; take 0.0.0.0, or {known}")
        return
    for address in addresses if host == "0.0.0.0" else (host,):
        fault = network.fault(host, address, number)
        where = f"others find this machine at http://{address}:{number}/"
        advice = f"{fault}; a firewall of this machine may be in the way: allow the port {number}"
        yield line(not fault, where, advice)
    advice = (
        "open that address on a phone once the class is open; where it stays empty, the Wi-Fi "
        "keeps its guests apart: take a cable, another network, or a phone's hotspot"
    )
    yield Line(MIND, "whether they really do, only another machine can tell", advice)


def looks(host: str, number: int) -> list[tuple[str, Callable[[], Line | Iterator[Line]]]]:
    """Return every look with what it is about, the quick ones first."""

    def checked(name: str) -> Callable[[], Line]:
        def look() -> Line:
            from channels_lab import checkup

            return of_finding(asyncio.run(getattr(checkup, name)()))

        return look

    return [
        ("the packages", packages),
        ("the disk", disk),
        ("open files", files),
        ("the clock", clock),
        ("the port", lambda: port(number)),
        ("a free port", checked("port")),
        ("proxies", lambda: proxies(network.addresses() if host != LOCAL else ())),
        ("Valkey", checked("valkey")),
        ("a WebSocket", checked("websocket")),
        ("a browser", browser),
        ("the Angular client", client),
        ("JupyterLab", lab),
        ("the network", lambda: way_in(host, number)),
        ("the internet", internet),
    ]


def found(what: str, look: Callable[[], Line | Iterator[Line]]) -> Iterator[Line]:
    """Yield the lines of one look; of one that breaks, a line that says how."""
    try:
        seen = look()
        yield from [seen] if isinstance(seen, Line) else seen
    except ImportError as error:
        yield Line(BAD, what, f"{error}; run `make setup`, which needs the network for a minute")
    except Exception as error:
        yield Line(BAD, what, f"it could not be looked at: {type(error).__name__}: {error}")


def main(arguments: list[str]) -> int:
    """Print a line for each thing as it is found; return 1 when there is a ✘."""
    parser = argparse.ArgumentParser(prog="make doctor")
    parser.add_argument("--host", default=LOCAL, help="where the class is to be reached")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--unwell", action="store_true", help="a ✘ was printed already")
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        parser.error(f"expected a port from 1 to 65535, got {options.port}")
    marks = {BAD} if options.unwell else set()
    for what, look in looks(options.host, options.port):
        for seen in found(what, look):
            print(seen, flush=True)
            marks.add(seen.mark)
    if BAD in marks:
        print("Not ready yet: the lines with ✘ say what to do.")
        return 1
    print("Ready.", *(["The lines with ! are worth reading."] if MIND in marks else []))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
