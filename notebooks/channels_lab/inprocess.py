"""The only module that imports Django: it makes a cell part of the project.

After ``enter(server)`` a cell can do what any other process of the project can: ask the database
through the async ORM, and send through the channel layer to clients of the live server.
"""

from __future__ import annotations

import importlib.util
import os
import sys

import django
from django.conf import settings

from .errors import LabError
from .places import RECORDER
from .program import Program
from .server import LiveServer

_NAMES = ("DATABASE_URL", "REDIS_URL", "DJANGO_SECRET_KEY", "DJANGO_SETTINGS_MODULE")


def enter(server: LiveServer) -> None:
    """Set up this kernel with the settings, the database and the broker of a live server.

    A Python process is one Django project for its whole life, so the second call with another
    server raises ``LabError``: restart the kernel. With the same server it does nothing.
    """
    if not server.env:
        raise LabError(f"{server} has no database and no broker yet: call start() first")
    if settings.configured and os.environ.get("DATABASE_URL") == server.env["DATABASE_URL"]:
        return
    if settings.configured:
        raise LabError(
            "this kernel is set up for Django already, and a process is one Django project for its "
            "whole life: restart the kernel (Kernel → Restart), then run the lesson from the top"
        )
    for name in (*_NAMES, *server.settings):
        if name in server.env:
            os.environ[name] = server.env[name]
        else:
            os.environ.pop(name, None)
    sys.path.insert(0, str(server.project))
    django.setup()
    if server.program is not None:
        _record(server.program)


def _record(program: Program) -> None:
    """Let this kernel's own calls of the channel layer be part of the server's record."""
    # From its place, since a learner's project has no recorder (and no second `account`).
    spec = importlib.util.spec_from_file_location(
        "recorder", RECORDER / "__init__.py", submodule_search_locations=[str(RECORDER)]
    )
    assert spec and spec.loader
    recorder = sys.modules["recorder"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recorder)
    recorder.install(recorder.Journal(program.write))
