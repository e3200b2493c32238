"""A log in which one event is one line, whatever a client has put into its words."""

import copy
import logging
import re
from collections.abc import Mapping
from typing import Any

MAX_LINE = 2_000
"""Characters of one message in the log."""

# Control characters (a new line, an escape that colours or clears a terminal), the two further
# separators of lines, and the marks that turn the direction of text.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    r"""Write what would not print as `\n`, `\x1b`, `\u202e`; cut what is too long."""
    shown = text if len(text) <= MAX_LINE else f"{text[:MAX_LINE]}… ({len(text)} characters)"
    return _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], shown)


class LineFormatter(logging.Formatter):
    """One event, one line; the lines of a traceback are indented, so that none passes for one."""

    def format(self, record: logging.LogRecord) -> str:
        """Format an event. A template is the project's own, colours included; values may not be."""
        safe = copy.copy(record)
        safe.exc_text = None  # another handler's, of the same record
        if isinstance(safe.args, Mapping):
            safe.args = {name: _harmless(value) for name, value in safe.args.items()}
        elif safe.args:
            safe.args = tuple(_harmless(value) for value in safe.args)
        else:
            safe.msg = one_line(str(safe.msg))
        return super().format(safe)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Format a traceback: lines of its own, each harmless."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {one_line(line)}" for line in lines)


def _harmless(value: object) -> object:
    """A value for a line of the log; numbers stay what they are, for `%d` and `%.2f`."""
    return value if isinstance(value, int | float | None) else one_line(str(value))
