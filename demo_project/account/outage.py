"""What happens while the database or the broker is away: an answer, soon, and nobody dies of it."""

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from account.events import Error

logger = logging.getLogger(__name__)

OUTAGES = (DatabaseError, InterfaceError, ConnectionError, TimeoutError)
"""What is raised while the database or the broker is away, full or locked, or refuses a value."""
TRY_AGAIN_LATER = 1013
"""The close code that asks a client to come back (RFC 6455's registry at IANA)."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


def answer_outages(application: Application) -> Application:
    """Let a WebSocket that fails of an outage end with an answer: an error frame, close 1013.

    Without it daphne answers HTTP 500 or closes with 1011, and logs a traceback for each client.
    """

    async def run(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        accepted = ended = False

        async def receive_and_see() -> Message:
            nonlocal ended
            message = await receive()
            ended = ended or message["type"] == "websocket.disconnect"
            return message

        async def see_and_send(message: Message) -> None:
            nonlocal accepted, ended
            accepted = accepted or message["type"] == "websocket.accept"
            ended = ended or message["type"] == "websocket.close"
            await send(message)

        try:
            await application(scope, receive_and_see, see_and_send)
        except OUTAGES as error:
            logger.error("A connection ended: %s: %s", type(error).__name__, error)
            if ended:
                return
            frame = Error("unavailable", "The server cannot serve you now; come back soon.").frame()
            with suppress(RuntimeError, OSError):  # the client is gone already
                if not accepted:
                    await send({"type": "websocket.accept"})
                await send({"type": "websocket.send", "text": json.dumps(frame)})
                await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})

    return run


class AnswerOutages(MiddlewareMixin):
    """Lets a page that fails of an outage be an answer, HTTP 503, with one line in the log."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to a failed view; None leaves any other failure as it is."""
        if not isinstance(error, OUTAGES):
            return None
        logger.error("A page could not be made: %s: %s", type(error).__name__, error)
        text = "The server cannot serve you now; come back soon.\n"
        return HttpResponse(text, "text/plain", 503, headers={"Retry-After": "5"})
