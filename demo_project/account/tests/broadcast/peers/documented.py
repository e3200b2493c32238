"""The chat consumer of Channels' tutorial (its part 3), in a Django project of one file.

https://channels.readthedocs.io/en/latest/tutorial/part_3.html

LAYER is `core`, which the tutorial sets up, or `pubsub`; REDIS_URL is the broker. The consumer, the
routing and the stack around it are the tutorial's own. The layer has two settings more:

- `socket_timeout`: redis-py 8 ends each wait after five seconds, and the core layer waits that long
  for a message, so that an idle chat would lose its sockets.
- `capacity`: the core layer drops messages where more than 100 wait, without a word to anybody. The
  benchmark has at most 64 under way, save where the server cannot keep up; none may be lost.
"""

import json
import os
from typing import Any
from urllib.parse import urlsplit

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

_LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
_layer, _broker = os.environ["LAYER"], urlsplit(os.environ["REDIS_URL"])
_config: dict[str, Any] = {
    "hosts": [{"host": _broker.hostname, "port": _broker.port, "socket_timeout": None}]
}
if _layer == "core":
    _config["capacity"] = 1_000

settings.configure(
    SECRET_KEY="of a benchmark",
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=[
        "daphne",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    # The clients bring no cookie, so that it is never asked.
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CHANNEL_LAYERS={"default": {"BACKEND": _LAYERS[_layer], "CONFIG": _config}},
)
django.setup()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import re_path  # noqa: E402


class ChatConsumer(AsyncWebsocketConsumer):
    """The tutorial's consumer, line by line."""

    async def connect(self) -> None:
        """Join the room's group, then accept."""
        self.room_name = self.scope["url_route"]["kwargs"]["room_name"]
        self.room_group_name = f"chat_{self.room_name}"
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data: str) -> None:
        """Pass a client's message on to the group."""
        text_data_json = json.loads(text_data)
        message = text_data_json["message"]
        await self.channel_layer.group_send(
            self.room_group_name, {"type": "chat.message", "message": message}
        )

    async def chat_message(self, event: dict[str, Any]) -> None:
        """Pass a message of the group on to this client."""
        message = event["message"]
        await self.send(text_data=json.dumps({"message": message}))


websocket_urlpatterns = [re_path(r"ws/chat/(?P<room_name>\w+)/$", ChatConsumer.as_asgi())]
application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
