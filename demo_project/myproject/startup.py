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


def collect_less_garbage() -> None:
    """Leave what was loaded out of every later look for garbage, and look less often.

    To look through all that is loaded stops all clients for 50 ms. And by default Python looks
    through young objects after every 700 new ones, of which a connection alone makes several
    hundred that stay. But what has ended may leave circles behind, which nothing else finds: every
    tenth look is at everything that is not frozen, unless most of it is what was there the last
    time.
    """
    gc.freeze()
    gc.set_threshold(10_000, 5, 2)


def guard_connections() -> None:
    """Put the limits under daphne, which needs as many open files as there may be connections."""
    below_daphne.install()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):  # macOS says "unlimited" and refuses it
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
