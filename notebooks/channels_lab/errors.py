"""The errors of channels_lab: each one is a sentence with what was expected and what came."""

from __future__ import annotations


class LabError(Exception):
    """Something that the lesson asked for could not be done; the message says what and why."""


class LabTimeout(LabError, TimeoutError):
    """A wait came to its end: who waited for what, how long, and what was seen so far."""


class ServerError(LabError):
    """A server did not start, or stopped by itself; the message ends with the end of its log."""


class Refused(LabError):
    """The server answered the WebSocket handshake with an HTTP status instead of 101.

    ``status`` is that status, an int such as 403.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Closed(LabError):
    """The connection is closed; ``code`` is the close code (RFC 6455, section 7.4), an int."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
