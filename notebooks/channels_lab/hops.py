"""Hops: a trace as a table, with payloads and times."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .trace import Trace


class Hops:
    """The hops of a trace with payloads and times, for a cell whose output is not compared."""

    def __init__(self, trace: Trace) -> None:
        self.rows = [
            (
                f"{(arrow.at - trace.began) / 1e6:.1f}",
                f"{arrow.source.name} → {arrow.target.name}",
                arrow.label,
                arrow.payload,
            )
            for arrow in trace.arrows()
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{ms:>8} ms  {hop:<24} {what}" for ms, hop, what, _ in self.rows)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{word}</th>' for word in ("ms", "hop", "what", "payload"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
