# not yet: expected daphne's own command to start your project; it says "AppRegistryNotReady:
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

from django.contrib.auth.models import User


async def how_many(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": f"{await User.objects.acount()} users"})
    await receive()  # the goodbye


application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": how_many})
