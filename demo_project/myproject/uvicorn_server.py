"""Serves the project with uvicorn, under the limits that daphne has: `python -m
myproject.uvicorn_server --port 8080`.

Uvicorn takes its limits from its own command line, where the application cannot set them. So this
is the one way to start it; `uvicorn myproject.asgi:application` alone would take messages of 16 MiB
and inflate compressed ones.

What has no option in uvicorn is for the proxy before it: a request that never ends to arrive, and
too many handshakes. A client that does not read is closed by `myproject/wire.py`.
"""

import argparse
import logging
import os
import socket
from contextlib import suppress
from typing import Any


def options() -> dict[str, Any]:
    """What `uvicorn.run` is told, from the settings that also rule daphne."""
    from django.conf import settings

    from account.events import MAX_FRAME

    return {
        "ws": "websockets-sansio",  # the one that `myproject/wire.py` can write to
        "ws_max_size": MAX_FRAME,
        "ws_per_message_deflate": False,  # a bomb of 64 KiB would inflate to 64 MiB
        "h11_max_incomplete_event_size": 16 * 1024,  # of all headers together, as in Twisted
        "timeout_keep_alive": settings.HANDSHAKE_SECONDS,
        "proxy_headers": False,  # TRUSTED_PROXIES says whom to believe
        "server_header": False,
        "date_header": False,  # as daphne: the page that needs one has it
        "lifespan": "off",  # Channels has no such thing
        "log_config": None,  # settings.LOGGING
    }


def says_something(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's log is worth its room.

    Behind the line that names a client and its path, websockets says that a connection is open: of
    a crowd that comes, every second line.
    """
    return record.msg != "connection open"


def inherited(number: int) -> socket.socket:
    """The listening socket that this process was started with.

    Uvicorn's own `fd` takes every socket for one of the file system, and then leaves Nagle's
    algorithm on: a frame would wait for the client to confirm the one before.
    """
    listening = socket.socket(fileno=number)
    host, port = listening.getsockname()[:2]
    logging.getLogger(__name__).info("Uvicorn running on http://%s:%d", host, port)
    return listening


def main() -> None:
    """Serve until a signal comes."""
    import uvicorn

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
    logging.getLogger("uvicorn.error").addFilter(says_something)
    parser = argparse.ArgumentParser(description="Serve the project with uvicorn.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--fd", type=int, help="a listening socket that is inherited")
    chosen = parser.parse_args()
    if chosen.fd is None:
        uvicorn.run("myproject.asgi:application", host=chosen.host, port=chosen.port, **options())
        return
    config = uvicorn.Config("myproject.asgi:application", **options())
    config.load()  # a project that does not load ends here, with its error
    with suppress(KeyboardInterrupt):  # as uvicorn.run does
        uvicorn.Server(config).run([inherited(chosen.fd)])


if __name__ == "__main__":
    main()
