"""The plot of a run: how each figure changes as the crowd grows."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from account.tests.broadcast import values
from account.tests.broadcast.results import Results
from account.tests.broadcast.session import RATE
from account.tests.broadcast.sides import SIDES
from account.tests.broadcast.values import Value

_PANELS: dict[str, tuple[Value, float]] = {
    "deliveries per second, saturated": (values.deliveries, 1),
    "CPU of the server per delivery, µs": (values.per_delivery, 1e6),
    f"latency p99 at {RATE} broadcasts a second, ms": (values.latency, 1e3),
    "connections that become ready per second": (values.connects, 1),
    "memory per connection, KiB": (values.memory, 1 / 1024),
}
_STYLES = {"board": ("o", "-", 2.4), "documented": ("s", "--", 1.2), "": ("^", ":", 1.2)}


def draw(results: Results, files: list[Path]) -> None:
    """Write the plot into each of the files, whose suffixes say as what (`.svg`, `.png`)."""
    figure = Figure(figsize=(15, 9), layout="constrained")
    *panels, corner = figure.subplots(2, 3).flat
    for panel, (title, (value, unit)) in zip(panels, _PANELS.items(), strict=True):
        _draw_panel(panel, results, value, unit)
        panel.set(title=title, xlabel="clients", xscale="log", yscale="log")
        panel.set_xticks(results.crowds, [f"{clients:,}" for clients in results.crowds])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    corner.axis("off")
    corner.legend(*panels[0].get_legend_handles_labels(), loc="center", frameon=False)
    figure.suptitle("One server process, one broadcast after the other: median, least and most")
    for file in files:
        figure.savefig(file, dpi=100)


def _draw_panel(panel: Any, results: Results, value: Value, unit: float) -> None:
    for number, side in enumerate(SIDES):
        found = {
            clients: spread
            for clients in results.crowds
            if (spread := results.spread(side.name, clients, value)) is not None
            and spread.least > 0  # memory may shrink, and a logarithm has no place for that
        }
        if not found:
            continue
        marker, style, width = _STYLES[next(kind for kind in _STYLES if side.name.startswith(kind))]
        panel.errorbar(
            list(found),
            [spread.median * unit for spread in found.values()],
            yerr=[
                [(spread.median - spread.least) * unit for spread in found.values()],
                [(spread.most - spread.median) * unit for spread in found.values()],
            ],
            label=side.title,
            color=f"C{number}",
            marker=marker,
            linestyle=style,
            linewidth=width,
            capsize=3,
        )
