"""What a recorded block looks like, in a form that tests compare."""

from __future__ import annotations

from channels_lab.diagram import Sequence
from channels_lab.trace import Trace

ALL = ("clients", "server", "consumer", "layer", "database")
SAY = {"type": "message", "text": "hi"}


def lines(trace: Trace, *lanes: str) -> list[str]:
    """The diagram's text, without its numbers and its columns."""
    shown = Sequence(trace, lanes) if lanes else Sequence(trace)
    return [" ".join(line.split()[1:]) for line in repr(shown).splitlines()[1:]]
