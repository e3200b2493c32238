"""Which WebSocket address leads to which consumer, and who may come in."""

import logging

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from account.consumer import OnlineConsumer
from account.outage import answer_outages
from classroom.board_consumer import BoardConsumer
from classroom.learner_consumer import LearnerConsumer
from myproject.guard.door import Door
from myproject.guard.origin import AllowedHostsOriginValidator
from myproject.visitors import Visitors

logger = logging.getLogger(__name__)


class UnknownPath(WebsocketDenier):
    """Refuses a WebSocket whose address nobody serves: HTTP 403, and one line in the log.

    Without it the URLRouter raises, which is an HTTP 500 and a traceback for each typing error.
    """

    async def connect(self) -> None:
        """Close before accept(): that refuses the handshake."""
        logger.warning(
            "Refused a WebSocket to %.200r: the board is at '/online/'.", self.scope["path"]
        )
        await super().connect()


websocket_urlpatterns = [
    re_path(r"^online/$", OnlineConsumer.as_asgi()),
    re_path(r"^classroom/learner/$", LearnerConsumer.as_asgi()),
    re_path(r"^classroom/board/$", BoardConsumer.as_asgi()),
    re_path(r"", UnknownPath.as_asgi()),
]

# HTTP joins in asgi.py, which is the entry point of every server.
application = ProtocolTypeRouter(
    {
        "websocket": AllowedHostsOriginValidator(
            answer_outages(Visitors(Door(URLRouter(websocket_urlpatterns))))
        ),
    }
)
