"""Runs a command of any project under the recorder, as ``coverage run`` does.

``python …/recorder -m daphne myproject.asgi:application``, or ``python …/recorder manage.py
runserver``, with the folder of the record in ``CHANNELS_RECORD``. The project needs to know nothing
of it, and nothing beside this package becomes importable in it.
"""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Install the recorder, then become the command."""
    folder = Path(__file__).resolve().parent
    # As `python -m` has it: the project's folder first, and not the recorder's.
    sys.path[0] = os.getcwd()
    spec = importlib.util.spec_from_file_location(
        "recorder", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec and spec.loader
    recorder = sys.modules["recorder"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recorder)

    sys.argv = sys.argv[1:]
    if not sys.argv or not os.environ.get("CHANNELS_RECORD"):
        sys.exit("expected CHANNELS_RECORD=<folder> and a command: -m <module> … or <script> …")
    is_module = sys.argv[0] == "-m"
    command = sys.argv[1 if is_module else 0]
    if is_module:
        del sys.argv[0]

    recorder.install(recorder.file_journal(Path(os.environ["CHANNELS_RECORD"])))
    _record_daphne(recorder)
    if is_module:
        runpy.run_module(command, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(command, run_name="__main__")


def _record_daphne(recorder: Any) -> None:
    """Let every daphne of this process serve a recorded application, whoever starts it."""
    import daphne.server

    start = daphne.server.Server.__init__

    def recorded_start(self: Any, application: Any, *args: Any, **named: Any) -> None:
        start(self, recorder.recorded(application), *args, **named)

    daphne.server.Server.__init__ = recorded_start


if __name__ == "__main__":
    main()
