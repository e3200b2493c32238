"""The goodbye of a server process: daphne has none, so it is put where daphne ends.

On SIGTERM and SIGINT daphne cancels every consumer without `disconnect()`: rows would stay, and
clients would see 1006. uvicorn closes with 1012 and lets `disconnect()` run by itself.
"""

import asyncio
import atexit
import logging
from functools import wraps
from typing import Any

from account.server import end_this_process, end_this_process_from_outside

logger = logging.getLogger(__name__)


def say_goodbye_at_the_end() -> None:
    """Let the daphne of this process, if there is one, say goodbye before it ends."""
    try:
        from daphne.server import Server
        from daphne.ws_protocol import WebSocketProtocol
        from twisted.internet import defer

        cancel_all = Server.kill_all_applications
        start, send_close = Server.run, WebSocketProtocol.sendCloseFrame
    except (ImportError, AttributeError):
        logger.warning("This version of daphne cannot be made to say goodbye (1012) as it ends.")
        return

    @wraps(cancel_all)
    def goodbye_and_cancel_all(server: Any) -> Any:
        # A "before shutdown" trigger of Twisted: it waits for the Deferred.
        goodbye = defer.Deferred.fromFuture(asyncio.ensure_future(end_this_process()))
        return goodbye.addBoth(lambda _: cancel_all(server))

    def close_with_any_code(protocol: Any, code: int | None = None) -> None:
        # Autobahn's sendClose() refuses all of RFC 6455's own codes but 1000, 1012 among them.
        send_close(protocol, code=1000 if code is None else code)

    @wraps(start)
    def run(server: Any) -> None:
        if not server.signal_handlers:
            # Under the autoreloader daphne runs in a thread that just stops with the process.
            atexit.register(end_this_process_from_outside)
        start(server)

    Server.kill_all_applications = goodbye_and_cancel_all
    Server.run = run
    WebSocketProtocol.serverClose = close_with_any_code
