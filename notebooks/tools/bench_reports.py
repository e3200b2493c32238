"""Bench: what a report to the class costs the cell that makes it, whatever the class does.

One learner checks an exercise again and again: while the class answers, while it hangs, while
nobody is there, and while another kernel of the learner reports 200 times a second. What is
measured is the call that a check makes; the goal is under 5 ms. And how long joining takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from channels_lab import LiveServer
from channels_lab.classroom import Learner

GOAL = 0.005  # seconds
OTHER_KERNEL = """
import sys, time
from pathlib import Path
from channels_lab.classroom.journal import Journal
from channels_lab.classroom.wire import tried
journal = Journal(Path(sys.argv[1]))
print("ready", flush=True)
while journal.is_joined():
    journal.report(tried("03.2", solved=False))
    time.sleep(0.005)
"""


def reports(learner: Learner, count: int) -> list[float]:
    """Make so many reports; the seconds that each took, sorted."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        learner.tried("03.1", solved=False)
        took.append(time.perf_counter() - began)
        time.sleep(0.002)  # a learner is no loop: the thread of the sender has its turn
    return sorted(took)


def show(what: str, took: list[float]) -> None:
    """Print one line of the table."""
    median, late, worst = (took[int(len(took) * part)] * 1e3 for part in (0.5, 0.99, 0.9999))
    within = sum(each < GOAL for each in took) / len(took)
    print(
        f"  {what:<28} median {median:6.3f} ms   p99 {late:6.3f} ms   worst {worst:7.3f} ms   "
        f"under {GOAL * 1e3:g} ms: {within:.2%}"
    )


def measure(count: int, folder: Path) -> None:
    """Join a real class, and report to it in four ways."""
    learner = Learner(folder)
    with LiveServer() as server:
        said = server.run("python manage.py open_class --title Bench")
        code = re.findall(r"^Code: +(\S+)$", said, re.MULTILINE)[0]
        began = time.perf_counter()
        asyncio.run(learner.join(code, "ana", server.url))
        print(f"joining: {(time.perf_counter() - began) * 1e3:.0f} ms")
        print(f"what a check waits for its report, {count} times each")
        show("the class answers", reports(learner, count))
        with other_kernel(folder):
            show("another kernel writes", reports(learner, count))
        os.kill(server.pid, signal.SIGSTOP)
        show("the class hangs", reports(learner, count))
        os.kill(server.pid, signal.SIGCONT)
    show("nobody is there", reports(learner, count))
    learner.leave()
    learner.journal.close()


@contextmanager
def other_kernel(folder: Path) -> Iterator[None]:
    """Another process of the same learner, which reports all the time."""
    command = [sys.executable, "-c", OTHER_KERNEL, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        try:
            if other.stdout is None or other.stdout.readline() != "ready\n":
                raise RuntimeError("expected the other kernel to be ready")
            yield
        finally:
            other.kill()


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=1_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.count, Path(folder))


if __name__ == "__main__":
    main()
