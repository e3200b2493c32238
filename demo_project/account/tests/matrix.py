"""The fault matrix: break one thing after the other under real servers, and see what clients see.

`python -m account.tests.matrix [--seconds 10] [NAME …]`, or `make faults`, prints the table. Each
row is measured: three clients on two server processes talk while the fault lasts and after it, and
a fourth comes in the middle of it.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import groupby

from account.tests.faults import FAULTS, Fault
from account.tests.stage import Stage
from account.tests.trial import Row, run


async def run_all(faults: Iterable[Fault], seconds: float) -> AsyncIterator[Row]:
    """Run these faults one after the other, those of a database on a stage of their own."""
    for database, share in groupby(faults, key=lambda fault: fault.database):
        with Stage(database) as stage:
            for fault in share:
                yield await run(stage, fault, seconds)


HEAD = (
    "| fault | lasted | what the clients saw | a newcomer | /healthz | longest silence |"
    " recovery | sent | refused | cut off | lost | duplicated |\n|" + "---|" * 12
)


def line(row: Row) -> str:
    """A row as a line of the table, in Markdown."""
    saw = ", ".join(f"{what} ×{count}" for what, count in sorted(row.saw.items()))
    wrong = ", ".join(f"{part}: {error}" for part, error in row.health.items())
    became = row.messages
    cells = (
        row.fault,
        f"{row.seconds:.1f} s",
        saw or "nothing",
        f"{', '.join(row.newcomer.heard)} after {row.newcomer.seconds:.1f} s",
        wrong or "ok",
        f"{row.silence:.1f} s",
        f"{row.recovery:.1f} s",
        became.sent,
        became.refused,
        became.cut,
        became.lost,
        became.duplicated,
    )
    return f"| {' | '.join(map(str, cells))} |"


async def print_table(faults: Iterable[Fault], seconds: float) -> None:
    """Run these faults and print a line of the table as each is over."""
    print(HEAD)
    async for row in run_all(faults, seconds):
        print(line(row), flush=True)


def main() -> None:
    """Run the faults that are named, or all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="how long each fault lasts")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, such as 'disk full'")
    chosen = parser.parse_args()
    faults = [fault for fault in FAULTS if not chosen.names or fault.name in chosen.names]
    asyncio.run(print_table(faults, chosen.seconds))


if __name__ == "__main__":
    main()
