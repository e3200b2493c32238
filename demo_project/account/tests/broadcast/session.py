"""One server, measured once: the process that holds the crowd and drives the publisher.

`python -m account.tests.broadcast.session PLAN` takes a plan and prints figures, both as JSON. It
is a process of its own, so that what it costs can be told from what the server costs.
"""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import psutil

from account.tests.broadcast.crowd import Crowd
from account.tests.broadcast.publisher_process import PublisherProcess
from account.tests.broadcast.stream import Wrong

RATE = 20
"""Broadcasts a second, while it is measured how late they come."""
UNDER_WAY = 64
"""Broadcasts that may be under way at most, while it is measured how many are possible."""
FIRST = 10
"""Connections that come before memory and time are taken: with them a server loads the rest."""
QUIET = 0.5
"""Seconds without a byte after which a server counts as done."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured; times are in seconds, and processes are ids by name.

    `processes` has "server 1" and so on, and "broker" where there is one.
    """

    addresses: list[str]
    path: str
    headers: list[str]
    greeted: bool
    target: str
    processes: dict[str, int]
    clients: int
    saturated_seconds: float
    latency_seconds: float


@dataclass(frozen=True)
class Figures:
    """What was measured. Every client got every broadcast once and in order, or there are none.

    `busy` are shares of a CPU while the server was saturated, by process. Latencies are in seconds,
    of all clients; None where the server cannot do RATE broadcasts a second with so many clients.
    """

    connects_per_second: float
    bytes_per_connection: float
    frame_bytes: int
    broadcasts: int
    deliveries_per_second: float
    cpu_per_delivery: float  # seconds, of the server's processes alone
    busy: dict[str, float] = field(default_factory=dict)
    latency_p50: float | None = None
    latency_p99: float | None = None
    other_frames: int = 0  # that came to all clients together while it was measured

    @property
    def deliveries_per_core(self) -> float:
        """Deliveries for each second of CPU that the server's processes used."""
        return 1 / self.cpu_per_delivery


def cpu_seconds(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """The CPU that each process has used so far, in seconds."""
    return {
        name: sum(process.cpu_times()[:2])  # user, system
        for name, process in processes.items()
    }


def measure(plan: Plan) -> Figures:
    """Carry out a plan. Raises Wrong when a client did not get what it has to get."""
    servers = [psutil.Process(id) for name, id in plan.processes.items() if name != "broker"]
    with (
        Crowd(plan.addresses, plan.path, plan.headers, greeted=plan.greeted) as crowd,
        PublisherProcess(plan.target) as publisher,
    ):
        crowd.come(FIRST)
        crowd.until_quiet(QUIET)
        memory = sum(server.memory_info().rss for server in servers)
        came = plan.clients - FIRST
        seconds = crowd.come(came)
        crowd.until_quiet(QUIET)
        memory = sum(server.memory_info().rss for server in servers) - memory
        publisher.send_up_to(1)
        crowd.until_all_have(1)
        others = sum(client.others for client in crowd.clients)

        processes = {name: psutil.Process(id) for name, id in plan.processes.items()}
        processes |= {"publisher": psutil.Process(publisher.pid), "client": psutil.Process()}
        saturate(crowd, publisher, UNDER_WAY // 8, plan.saturated_seconds / 4)  # warms up
        first, used = publisher.asked, cpu_seconds(processes)
        elapsed = saturate(crowd, publisher, UNDER_WAY, plan.saturated_seconds)
        used = {name: now - used[name] for name, now in cpu_seconds(processes).items()}
        used["server"] = sum(used.pop(name) for name in list(used) if name.startswith("server"))
        broadcasts = publisher.asked - first
        deliveries = broadcasts * plan.clients

        late: list[int] = []
        if plan.latency_seconds and broadcasts / elapsed > RATE * 1.2:
            late = wait_and_see(crowd, publisher, plan.latency_seconds)
        crowd.until_quiet(QUIET)  # a message that came twice would come now, and be wrong
        crowd.until_all_have(publisher.asked)
        return Figures(
            connects_per_second=came / seconds,
            bytes_per_connection=memory / came,
            frame_bytes=crowd.stream.size,
            broadcasts=publisher.asked,
            deliveries_per_second=deliveries / elapsed,
            cpu_per_delivery=used["server"] / deliveries,
            busy={name: seconds / elapsed for name, seconds in used.items()},
            latency_p50=at_share(late, 0.50),
            latency_p99=at_share(late, 0.99),
            other_frames=sum(client.others for client in crowd.clients) - others,
        )


def saturate(crowd: Crowd, publisher: PublisherProcess, window: int, seconds: float) -> float:
    """Send as many broadcasts as the server can do, `window` under way; the seconds it took.

    It ends when everybody has all that was sent, which is later than asked.
    """
    began = time.monotonic()
    step = window // 4
    done = publisher.asked
    while time.monotonic() < began + seconds:
        publisher.send_up_to(done + window)
        done += step
        crowd.until_all_have(done)
    crowd.until_all_have(publisher.asked)
    return time.monotonic() - began


def wait_and_see(crowd: Crowd, publisher: PublisherProcess, seconds: float) -> list[int]:
    """Send RATE broadcasts a second; how late each came to each client, in nanoseconds."""
    crowd.until_quiet(QUIET)
    late: list[int] = []
    crowd.late = late
    began = time.monotonic()
    for number in range(round(RATE * seconds)):
        crowd.until(began + number / RATE)
        publisher.send_up_to(publisher.asked + 1)
    crowd.until_all_have(publisher.asked)
    crowd.late = None
    return late


def at_share(late: list[int], share: float) -> float | None:
    """The latency that this share of all deliveries did not exceed, in seconds; None of none."""
    return sorted(late)[int(len(late) * share)] / 1e9 if late else None


def main() -> int:
    """Measure by the plan that is the argument, and print the figures."""
    try:
        figures = measure(Plan(**json.loads(sys.argv[1])))
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(json.dumps(asdict(figures)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
