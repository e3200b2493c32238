"""Channels' check of where a WebSocket was opened, with a line in the log for each that is refused.

A browser sends cookies along with a WebSocket of any site, and says of which one: `Origin`. So this
check is what keeps another site's page from reading the board as its visitor.
"""

import logging
from typing import Any
from urllib.parse import ParseResult

from channels.security.websocket import OriginValidator
from django.conf import settings

logger = logging.getLogger(__name__)


class LoggedOriginValidator(OriginValidator):
    """Refuses an unknown origin with HTTP 403, and says so."""

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Whether a WebSocket of this origin is let in; None: the client sent none."""
        if super().valid_origin(parsed_origin):
            return True
        if parsed_origin is None:
            logger.warning("Refused a WebSocket: it has no Origin, as every browser sends.")
        else:
            origin = f"{parsed_origin.scheme}://{parsed_origin.netloc}"
            logger.warning("Refused a WebSocket of %.200r: not in ALLOWED_HOSTS.", origin)
        return False


def AllowedHostsOriginValidator(application: Any) -> LoggedOriginValidator:  # noqa: N802
    """Let in the pages of the hosts in ALLOWED_HOSTS, as Channels' function of the same name."""
    return LoggedOriginValidator(application, settings.ALLOWED_HOSTS)
