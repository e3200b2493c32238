"""What processes print, made fit to be read and compared: no dates, ports or machine's paths."""

from __future__ import annotations

import re
from pathlib import Path

# daphne's access log: 127.0.0.1:53412 - - [22/Nov/2026:13:20:00] "WSCONNECTING /online/" - -
_ACCESS = re.compile(r'^\S+ - - \[[^\]]+\] "(?P<what>[^"]*)" (?P<status>\S+) \S+$')
# a time stamp at the start of a line, as logging and runserver write it
_STAMP = re.compile(r"^\[?\d{2,4}[-/]\w{2,3}[-/]\d{2,4}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\]?\s*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r'^  File "(?P<path>[^"]+)", line (?P<line>\d+), in (?P<name>.+)$')
_ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|localhost):\d+")
_OBJECT = re.compile(r" at 0x[0-9a-f]+")
# pytest's closing line: 1 failed, 2 passed in 0.84s
_OUTCOME = r"\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?)"
_TOOK = re.compile(rf"^((?:no tests ran|{_OUTCOME})(?:, {_OUTCOME})*) in \d+\.\d+s.*$")


def settle(text: str, root: Path | None = None) -> list[str]:
    """Return the lines of ``text`` without what differs from run to run.

    Colours, time stamps, ports and addresses of objects go; access-log lines keep what was asked
    and the status, pytest's closing line keeps the counts; of a traceback only the frames below
    ``root`` stay, with relative paths.
    """
    settled: list[str] = []
    skipping = False
    for line in _COLOUR.sub("", text).splitlines():
        if access := _ACCESS.match(line):
            status = access["status"]
            line = access["what"] if status == "-" else f"{access['what']} {status}"
        if frame := _FRAME.match(line):
            inside = _inside(frame["path"], root)
            skipping = inside is None
            if inside is not None:
                settled.append(f'  File "{inside}", line {frame["line"]}, in {frame["name"]}')
            continue
        if skipping and line.startswith("    "):
            continue  # the source line of a frame that is not shown
        skipping = False
        line = _OBJECT.sub("", _ADDRESS.sub("localhost", _STAMP.sub("", line)))
        line = _TOOK.sub(r"\1", line)
        if root is not None:
            line = line.replace(f"{root}/", "")
        settled.append(line.rstrip())
    return settled


def _inside(path: str, root: Path | None) -> Path | None:
    if root is None:
        return None
    for base in (root, root.resolve()):
        if Path(path).is_relative_to(base):
            return Path(path).relative_to(base)
    return None
