"""A class of 300 for five minutes: they work, drop out and come back, and the server is killed.

`python -m classroom.tests.simulate [--learners 300] [--seconds 300]`, or `make class`, prints how
long a report takes to the board, and whether the board shows at the end what really happened.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from classroom.events import Frame
from classroom.tests.pupil import Mark, Pupil
from classroom.tests.school import School, Watcher, by_name, watching

SLOWEST = 0.5
"""Seconds from a report to the board, of 99 of 100, outside of the outage."""
DROP_OUT = 0.1
"""The share of learners who lose their network once."""
AWAY = 2.0, 15.0
"""Seconds that they are away."""
PACE = 6.0
"""Seconds from one thing that a learner does to the next, on average."""
ARRIVAL = 20.0
"""Seconds in which they come, at most."""
LESSONS, EXERCISES = 3, 3
CLOCK = 2.0
"""Seconds by which a time on the board may differ: it has whole ones."""
SETTLE = 60.0
"""Seconds in which all journals have arrived, and the board shows it."""

Say = Callable[[str], None]


@dataclass
class Result:
    """What a simulation has shown."""

    latencies: list[float] = field(default_factory=list)  # seconds, outside of the outage
    reports: int = 0
    outage: float = 0.0  # seconds from the kill until everybody was back
    states: int = 0
    problems: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """The latency that this share of reports does not exceed."""
        last = len(self.latencies) - 1
        return sorted(self.latencies)[min(last, int(share * len(self.latencies)))]

    def line(self) -> str:
        """The figures, for people."""
        p50, p99 = (1_000 * self.percentile(share) for share in (0.5, 0.99))
        return (
            f"{self.reports} reports, {len(self.latencies)} timed: p50 {p50:.0f} ms, p99 "
            f"{p99:.0f} ms, worst {1_000 * max(self.latencies):.0f} ms; everybody back "
            f"{self.outage:.1f} s after the kill; {self.states} whole states"
        )


class Stopwatch:
    """When each report was sent, and when the board showed it."""

    def __init__(self) -> None:
        self.took: list[tuple[float, float]] = []  # when it was sent, and how long it took
        self.reports = 0
        self._sent: dict[Mark, float] = {}
        self._names: dict[int, str] = {}

    def on_sent(self, mark: Mark, at: float) -> None:
        """Note the sending."""
        self.reports += 1
        self._sent[mark] = at

    def on_heard(self, frame: Frame, at: float) -> None:
        """Note what a board was told."""
        if frame["event"] == "state":
            self._names = {each["id"]: each["name"] for each in frame["learners"]}
        if frame["event"] != "changed":
            return
        change = frame["learner"]
        name = self._names.setdefault(change["id"], change.get("name", ""))
        marks: list[Mark] = [(name, "step", change["step"])] if "step" in change else []
        for exercise, work in change.get("exercises", {}).items():
            marks.append((name, "tried", exercise, str(work["tries"])))
            marks.append((name, "hint", exercise, str(work["hints"])))
        if change.get("stuck"):
            marks.append((name, "stuck", change["stuck"]["text"]))
        for mark in marks:
            if (sent := self._sent.pop(mark, None)) is not None:
                self.took.append((sent, at - sent))


async def simulate(learners: int, seconds: float, school: School, say: Say) -> Result:
    """Let a class learn for that long; the first server is killed in the middle of it."""
    watch, chance = Stopwatch(), random.Random(learners)
    async with AsyncExitStack() as stack:
        board = await stack.enter_async_context(watching(school.servers[-1], school.key))
        board.heard = watch.on_heard
        pupils = []
        for number in range(learners):
            server = school.servers[number % len(school.servers)]
            pupils.append(Pupil(f"learner {number}", server, school.code, watch.on_sent))
            stack.push_async_callback(pupils[-1].end)
        away = chance.sample(pupils, max(1, int(DROP_OUT * learners)))
        working = [_work(each, seconds, random.Random(each.name)) for each in pupils]
        dropping = [_drop_out(each, seconds, random.Random(each.name)) for each in away]
        killing = asyncio.create_task(_kill(school, seconds / 2, pupils, away, say))
        await asyncio.gather(*working, *dropping)
        killed, back = await killing
        result = Result(
            latencies=[took for sent, took in watch.took if not killed - 1 < sent < back + 1],
            reports=watch.reports,
            outage=back - killed,
        )
        async with asyncio.timeout(SETTLE):
            await asyncio.gather(*(each.has_reported_all() for each in pupils))
        gone = set(chance.sample(pupils, learners // 20))
        await asyncio.gather(*(each.leave() for each in gone))
        await _compare(board, school, pupils, gone, result)
        result.states = board.states
        return result


async def _work(pupil: Pupil, seconds: float, chance: random.Random) -> None:
    """Join, go from step to step, with an exercise here and there, and a hand up now and then."""
    end = time.monotonic() + seconds
    await asyncio.sleep(chance.uniform(0, min(ARRIVAL, seconds / 5)))
    pupil.come()
    pace = min(PACE, seconds / 10)
    pupil.reach("00/0")
    places = iter([f"{lesson:02}/{step}" for lesson in range(1, 16) for step in range(100)])
    while True:
        pause = chance.uniform(0.3, 1.7) * pace
        if time.monotonic() + pause > end:
            return
        await asyncio.sleep(pause)
        exercise = f"{chance.randint(1, LESSONS):02}.{chance.randint(1, EXERCISES)}"
        what = chance.random()
        if what < 0.6:
            pupil.reach(next(places))
        elif what < 0.8:
            pupil.attempt(exercise, chance.random() < 0.4)
        elif what < 0.9:
            pupil.ask_for_a_hint(exercise)
        elif pupil.stuck is None:
            pupil.raise_hand(f"{what}")
        else:
            pupil.lower_hand()


async def _drop_out(pupil: Pupil, seconds: float, chance: random.Random) -> None:
    """Lose the network for a while; the work goes on."""
    await asyncio.sleep(seconds * chance.uniform(0.2, 0.8))
    pupil.drop_out()
    await asyncio.sleep(min(chance.uniform(*AWAY), seconds / 5))
    pupil.come()


async def _kill(
    school: School, seconds: float, pupils: list[Pupil], away: list[Pupil], say: Say
) -> tuple[float, float]:
    """Kill the first server in the middle of class; when, and when everybody was back."""
    await asyncio.sleep(seconds)
    killed = time.monotonic()
    await asyncio.to_thread(school.servers[0].kill)
    say("The server was killed.")
    await asyncio.to_thread(school.servers[0].start)
    staying = [each for each in pupils if each not in away]
    async with asyncio.timeout(SETTLE):
        await asyncio.gather(*(each.connected.wait() for each in staying))
    return killed, time.monotonic()


async def _compare(
    board: Watcher, school: School, pupils: list[Pupil], gone: set[Pupil], result: Result
) -> None:
    """Compare with the truth what the board was told, and what one shows that opens now."""
    with suppress(AssertionError):
        await board.until(lambda state: not differences(state, pupils, gone), SETTLE)
    async with watching(school.servers[0], school.key) as fresh:
        for name, watcher in (("the board", board), ("a fresh board", fresh)):
            result.problems += [
                f"{name}: {each}" for each in differences(watcher.state, pupils, gone)
            ]
        one, other = ({each["id"]: each for each in w.state["learners"]} for w in (board, fresh))
        if one != other:
            result.problems.append("the board and a fresh one differ")


def differences(state: Frame, pupils: list[Pupil], gone: set[Pupil]) -> list[str]:
    """Where a board does not show what happened: a sentence for each."""
    shown, found = by_name(state), []
    if shown.keys() != {each.name for each in pupils}:
        found.append(f"expected {len(pupils)} learners, got {len(shown)}")
    for each in pupils:
        if each.name not in shown:
            continue
        learner = shown[each.name]
        truth: dict[str, Any] = {
            "here": each not in gone,
            "step": each.step,
            "stuck": each.stuck,
            "steps": sorted(each.steps),
            "exercises": each.exercises,
        }
        told = {
            "here": learner["here"],
            "step": learner["step"],
            "stuck": learner["stuck"] and learner["stuck"]["text"],
            "steps": sorted(learner["steps"]),
            "exercises": {
                name: {**work, "solved": work["solved"] is not None}
                for name, work in learner["exercises"].items()
            },
        }
        for work in told["exercises"].values():
            del work["begun"]
        found += [
            f"{each.name}: expected {key} to be {truth[key]!r}, got {told[key]!r}"
            for key in truth
            if truth[key] != told[key]
        ]
        found += [
            f"{each.name}: {step} is {late:.1f} s off"
            for step, at in learner["steps"].items()
            if abs(late := datetime.fromisoformat(at).timestamp() - each.steps.get(step, 0)) > CLOCK
        ]
    return found


def main() -> int:
    """Run it and print the figures; 1 when it is too slow, or the board is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--servers", type=int, default=1, help="processes; the first is killed")
    chosen = parser.parse_args()

    def say(line: str) -> None:
        print(line, flush=True)

    say(f"A class of {chosen.learners} for {chosen.seconds:g} s …")
    with School(chosen.servers) as school:
        result = asyncio.run(simulate(chosen.learners, chosen.seconds, school, say))
        say(result.line())
        if (p99 := result.percentile(0.99)) > SLOWEST:
            result.problems.append(f"p99 is {p99:.3f} s, expected at most {SLOWEST:g} s")
        if tracebacks := school.log.count("Traceback"):
            result.problems.append(f"{tracebacks} tracebacks are in the logs")
    print("\n".join(result.problems[:20]) or "The board shows what happened.")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
