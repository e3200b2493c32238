import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")


async def refuse(scope, receive, send):
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": refuse})
