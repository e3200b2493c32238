"""What a server process does once, as it starts: asgi.py calls it, manage.py commands do not."""

import gc
import logging
import resource
from contextlib import suppress

from channels.layers import InMemoryChannelLayer, get_channel_layer

from account.server import this_process
from myproject.broker import BoundedLayer
from myproject.guard import below_daphne

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


def guard_connections() -> None:
    """Put the limits under daphne, which needs as many open files as there may be connections.

    And keep all that is loaded out of the garbage collector's way: to look through it takes longer
    than to send a frame to each of them.
    """
    gc.freeze()
    below_daphne.install()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):  # macOS says "unlimited" and refuses it
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
