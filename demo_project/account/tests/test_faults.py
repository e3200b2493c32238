"""The fault matrix, in short: what clients saw of each fault, and that nothing was lost of it.

All rows are measured by one run (`matrix.py`), on stages side by side, since a fault is
mostly waited for. What a row says is compared with what is expected here, time only roughly.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from account.tests import postgres
from account.tests.faults import FAULTS, Fault
from account.tests.matrix import HEAD, line
from account.tests.soak import wait_until_nothing_is_left
from account.tests.stage import Stage
from account.tests.trial import Row, run

SECONDS = 2.0
STAGES = 2
UNAVAILABLE = ("unavailable", "closed 1013")
WELCOME = ("state",)


@dataclass(frozen=True)
class Expected:
    """What a row has to say: the newcomer's words, the part that is unwell, what clients saw."""

    newcomer: Sequence[str] = WELCOME
    unwell: str | None = None
    saw: frozenset[str] = frozenset()


def saw(*words: str) -> frozenset[str]:
    return frozenset(words)


# Of the others' comings and goings a fault may show, or not, what happened in between.
DIARY = saw("joined cem", "left cem", "joined dora", "left dora", "state", "no connection")
EXPECTED = {
    "nothing breaks": Expected(),
    "Valkey killed": Expected(UNAVAILABLE, "broker"),
    "Valkey paused": Expected(unwell="broker"),
    "Valkey full": Expected(),
    "Valkey refuses the password": Expected(UNAVAILABLE, "broker"),
    "database locked": Expected(unwell="database"),
    "database gone": Expected(UNAVAILABLE, "database", saw("unavailable")),
    "disk full": Expected(UNAVAILABLE, "database", saw("unavailable")),
    "clock jumps an hour": Expected(),
    "server killed": Expected(unwell="server", saw=saw("closed 1006")),
    "server paused": Expected(unwell="server"),
    "PostgreSQL stopped": Expected(UNAVAILABLE, "database", saw("unavailable")),
    "server stopped": Expected(unwell="server", saw=saw("closed 1012")),
}


@dataclass(frozen=True)
class Result:
    """What one stage has shown."""

    rows: list[Row]
    left_behind: dict[str, int]
    log: str


async def run_on_a_stage(faults: Sequence[Fault], template: Path, turn: asyncio.Lock) -> Result:
    async with turn:  # to start servers is work; what follows is mostly waited for
        stage = await asyncio.to_thread(Stage(faults[0].database, template).__enter__)
    try:
        rows = [await run(stage, fault, SECONDS) for fault in faults]
        left = await wait_until_nothing_is_left(stage)
        return Result(rows, left, stage.one.log + stage.two.log)
    finally:
        await asyncio.to_thread(stage.__exit__, None, None, None)


@pytest.fixture(scope="module")
def results(migrated_database: Path) -> list[Result]:
    """What all stages have shown; the table goes to where pytest shows what was printed."""

    async def run_stages() -> list[Result]:
        on_sqlite = [fault for fault in FAULTS if fault.database == "sqlite"]
        shares = [on_sqlite[number::STAGES] for number in range(STAGES)]
        if postgres.programs():
            shares.append([fault for fault in FAULTS if fault.database == "postgresql"])
        turn = asyncio.Lock()
        return await asyncio.gather(
            *(run_on_a_stage(share, migrated_database, turn) for share in shares)
        )

    found = asyncio.run(run_stages())
    print("\n".join([HEAD, *(line(row) for result in found for row in result.rows)]))
    return found


@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS])
def test_a_fault_is_answered_and_loses_nothing(results: list[Result], fault: str) -> None:
    if fault.startswith("PostgreSQL") and not postgres.programs():
        pytest.skip("PostgreSQL is not installed: `apt install postgresql` brings it")
    [row] = [row for result in results for row in result.rows if row.fault == fault]
    expected = EXPECTED[fault]
    assert row.newcomer.heard == tuple(expected.newcomer)
    assert row.newcomer.seconds < 11
    assert set(row.health) - {"lease"} == ({expected.unwell} if expected.unwell else set())
    assert expected.saw <= set(row.saw) <= expected.saw | DIARY
    assert (row.messages.refused > 0) == ("unavailable" in expected.saw)
    assert row.messages.sent > 3 * SECONDS
    assert row.messages.lost == 0
    assert row.messages.duplicated == 0
    assert row.messages.out_of_order == 0
    assert row.recovery < 15


def test_nothing_of_a_connection_is_left_behind(results: list[Result]) -> None:
    for result in results:
        assert not any(result.left_behind.values()), result.left_behind


def test_no_fault_is_worth_a_traceback(results: list[Result]) -> None:
    for result in results:
        assert "Traceback" not in result.log
