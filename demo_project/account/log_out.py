"""What a log-out does to the WebSockets that were opened with its session."""

import logging
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from account import outside
from account.events import LoggedOut

logger = logging.getLogger(__name__)


def digest(session_key: str) -> str:
    """A name for a session that tells nobody its key: whoever has the key is logged in."""
    return salted_hmac("account.log_out", session_key).hexdigest()


@receiver(user_logged_out)
def close_connections(request: HttpRequest, **more: Any) -> None:
    """Tell all server processes to close what was opened with this session."""
    key = request.session.session_key
    if key is None:
        return
    try:
        outside.send(LoggedOut(digest(key)))
    except outside.NotSent as error:
        # The log-out itself must not fail by it: the session ends, and with it every new page.
        logger.error("Connections of a session that was logged out stay open: %s", error)
