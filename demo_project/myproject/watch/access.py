"""Daphne's access log as events of the log, for LOG_FORMAT=json: daphne writes lines of its own."""

import logging
from typing import Any

from daphne.access import AccessLogGenerator

logger = logging.getLogger("daphne.access")


def log_access_as_events() -> None:
    """Let every entry of daphne's access log be an event with fields."""
    AccessLogGenerator.write_entry = _log_entry


def _log_entry(
    generator: AccessLogGenerator,
    host: str | None,
    date: object,
    request: str,
    status: int | None = None,
    length: int | None = None,
    **more: Any,
) -> None:
    logger.info(request, extra={"client": host, "status": status, "bytes": length})
