"""A learner's project, as small as one is: it knows nothing of the recorder."""

from __future__ import annotations

from pathlib import Path

_PROJECT = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
execute_from_command_line(sys.argv)
""",
    "myproject/__init__.py": "",
    "myproject/settings.py": """
SECRET_KEY = "of a learner"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["daphne", "channels", "account"]
ROOT_URLCONF = "myproject.urls"
ASGI_APPLICATION = "myproject.asgi.application"
""",
    "myproject/urls.py": "urlpatterns = []",
    "myproject/asgi.py": """
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path
http = get_asgi_application()
from account import consumer
application = ProtocolTypeRouter({
    "http": http,
    "websocket": URLRouter([
        re_path(r"^online/$", consumer.OnlineConsumer.as_asgi()),
        re_path(r"^refusing/$", consumer.RefusingConsumer.as_asgi()),
        re_path(r"^other/$", consumer.OtherConsumer.as_asgi()),
        re_path(r"^memory/$", consumer.InMemoryConsumer.as_asgi()),
    ]),
})
""",
    "account/__init__.py": "",
    "account/consumer.py": """
import json
from asgiref.sync import async_to_sync
from channels.generic.websocket import WebsocketConsumer

class OnlineConsumer(WebsocketConsumer):
    answer = "echo"

    def connect(self):
        if self.channel_layer:
            async_to_sync(self.channel_layer.group_add)("online", self.channel_name)
        self.accept()

    def receive(self, text_data):
        event = json.loads(text_data)
        if event.get("close"):
            self.close(code=4001)
        else:
            self.send(text_data=json.dumps({"type": self.answer}))

    def online_off(self, event):
        self.send(text_data=json.dumps({"type": "online", "message": event["message"]}))

class RefusingConsumer(OnlineConsumer):
    def connect(self):
        self.close(code=4401)

class OtherConsumer(OnlineConsumer):
    answer = "something else"

class InMemoryConsumer(OnlineConsumer):
    channel_layer_alias = "memory"
""",
}
LAYERS = """
import os
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ.get("REDIS_URL", "redis://localhost")]},
    },
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}
"""


def make_project(folder: Path, settings: str = "") -> Path:
    """Write it into a folder; ``settings`` are more of its settings, such as ``LAYERS``."""
    for name, text in _PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + (settings if path.stem == "settings" else ""))
    return folder
