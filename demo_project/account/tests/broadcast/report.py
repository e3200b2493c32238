"""The tables of a run, in Markdown."""

from collections.abc import Iterable, Iterator

from account.tests.broadcast import goals, values
from account.tests.broadcast.goals import GOALS, Goal
from account.tests.broadcast.results import Results, Spread, spread
from account.tests.broadcast.session import RATE
from account.tests.broadcast.sides import SIDES, Side
from account.tests.broadcast.values import Value

_COLUMNS: dict[str, tuple[Value, float, str]] = {  # what, in which unit, how it is written
    "deliveries/s": (values.deliveries, 1, ",.0f"),
    "µs CPU per delivery": (values.per_delivery, 1e6, ".1f"),
    "p50 ms": (values.median_latency, 1e3, ".1f"),
    "p99 ms": (values.latency, 1e3, ".1f"),
    "connects/s": (values.connects, 1, ",.0f"),
    "KiB per connection": (values.memory, 1 / 1024, ".1f"),
}
PROCESSES = ("server", "client", "publisher", "broker")


def lines(results: Results) -> Iterator[str]:
    """Yield the lines of all tables."""
    for clients in results.crowds:
        yield from _crowd(results, clients)
    yield from _growth(results)
    yield from _goals(results)
    yield from _noise(results)


def _crowd(results: Results, clients: int) -> Iterator[str]:
    yield f"### {clients:,} clients"
    yield ""
    yield "Median of the rounds (least–most). Every client got every message, once and in order."
    yield f"Latency at {RATE} broadcasts a second; – where the server cannot do so many."
    yield "Busy: shares of a CPU while saturated, of server, client, publisher and broker."
    yield ""
    yield from _head(("server", *_COLUMNS, "frame", "busy"))
    for side in SIDES:
        records = [r for r in results.records if (r.side, r.clients) == (side.name, clients)]
        if not records:
            continue
        cells = [
            _written(results.spread(side.name, clients, value), unit, form)
            for value, unit, form in _COLUMNS.values()
        ]
        frame = f"{records[0].figures.frame_bytes} B"
        yield _row((side.title, *cells, frame, _busy(results, side, clients)))
    yield ""


def _busy(results: Results, side: Side, clients: int) -> str:
    shares = [results.spread(side.name, clients, values.share_of(name)) for name in PROCESSES]
    return " · ".join(f"{share.median:.0%}" if share else "–" for share in shares)


def _growth(results: Results) -> Iterator[str]:
    if len(results.crowds) < 2:
        return
    yield "### µs CPU per delivery, as the crowd grows"
    yield ""
    yield from _head(("server", *(f"{clients:,} clients" for clients in results.crowds)))
    for side in SIDES:
        found = [
            results.spread(side.name, clients, values.per_delivery) for clients in results.crowds
        ]
        if any(found):
            yield _row((side.title, *(_written(each, 1e6, ".1f") for each in found)))
    yield ""


def _goals(results: Results) -> Iterator[str]:
    yield f"### What the board has to reach ({goals.CROWD} clients, one server process)"
    yield ""
    yield "Ratios of the same round, their median (least–most)."
    yield ""
    yield from _head(("board", "ratio", "wanted", "got", ""))
    for goal in GOALS:
        ratio = goal.ratio(results)
        title = next(side.title for side in SIDES if side.name == goal.side)
        yield _row(
            (title, goal.title, _wanted(goal), _written(ratio, 1, ".2f"), _verdict(results, goal))
        )
    yield ""


def _verdict(results: Results, goal: Goal) -> str:
    if ratio := goal.ratio(results):
        return "reached" if goal.is_reached(ratio.median) else "**not reached**"
    measured = {(record.side, record.clients) for record in results.records}
    if not {(goal.side, goal.clients), (goal.other, goal.others_clients)} <= measured:
        return "not measured"
    # Only a latency can be missing there.
    return f"**not reached**: not even {RATE} broadcasts a second"


def _wanted(goal: Goal) -> str:
    return f"at least {goal.least:g}" if goal.least is not None else f"at most {goal.most:g}"


def _noise(results: Results) -> Iterator[str]:
    spun = spread(record.spun for record in results.records)
    if spun is not None:
        yield (
            f"Noise: before each of the {len(results.records)} sessions the same loop took "
            f"{spun.median * 1e3:.0f} ms (from {spun.least * 1e3:.0f} to {spun.most * 1e3:.0f})."
        )


def _written(found: Spread | None, unit: float, form: str) -> str:
    if found is None:
        return "–"
    median, least, most = (format(value * unit, form) for value in found)
    return median if least == most else f"{median} ({least}–{most})"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(names: tuple[str, ...]) -> Iterator[str]:
    yield _row(names)
    yield _row("---" for _ in names)
