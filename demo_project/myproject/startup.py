"""What a server process does once, as it starts: asgi.py calls it, manage.py commands do not."""

import logging

from channels.layers import InMemoryChannelLayer, get_channel_layer

from account.server import this_process
from myproject.broker import BoundedLayer

logger = logging.getLogger(__name__)


def say_who_can_be_reached() -> None:
    """Log one line that says how far this process's channel layer reaches."""
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        logger.warning(
            "The channel layer is in this process's memory (REDIS_URL is not set): no other "
            "process, notebook or manage.py command can reach the clients of this server."
        )
    else:
        logger.info("The channel layer is at REDIS_URL: every process that has it is reached.")


def look_again_when_the_broker_is_back() -> None:
    """Let this process read in the history what it missed while its broker was away."""
    layer = get_channel_layer()
    if isinstance(layer, BoundedLayer):
        layer.when_back.append(lambda: this_process().look_soon())


def answer_violations_with_a_close_code() -> None:
    """Let daphne close a bad connection with its code: 1009 too big, 1007 not UTF-8, 1002 protocol.

    Autobahn, below daphne, drops the TCP connection instead (its option `failByDrop`), so that the
    client only sees 1006. Daphne has no setting for it. Autobahn leaves an option alone that the
    protocol class already has, so naming it on the class is enough, however daphne was started.
    """
    try:
        from daphne.ws_protocol import WebSocketProtocol

        known_options = WebSocketProtocol.CONFIG_ATTRS_COMMON
    except (ImportError, AttributeError):
        known_options = []
    if "failByDrop" not in known_options:
        logger.warning(
            "This version of daphne has no option failByDrop: a frame above its limit may end the "
            "connection without the close code 1009."
        )
        return
    WebSocketProtocol.failByDrop = False
