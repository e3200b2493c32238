"""The recorder: what really happens in a process, one line of JSON an event.

Off by default. The demo project switches it on by one setting, ``CHANNELS_RECORD=<folder>``; for
any other project a command is run under it, as under ``coverage run``::

    CHANNELS_RECORD=record python …/demo_project/recorder -m daphne myproject.asgi:application

Recorded are the ASGI events of every connection, the calls of the channel layer and what it
delivers, which consumer and which of its methods run, and the database statements (verb and table).
Nothing is installed in a process that does not record: no line of this package is on its way then.
"""

from __future__ import annotations

from .install import install, recorded
from .journal import Journal, file_journal

__all__ = ["Journal", "file_journal", "install", "recorded"]
