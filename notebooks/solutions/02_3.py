import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
django_application = get_asgi_application()

from django.contrib.auth.models import User  # noqa: E402


async def how_many(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": f"{await User.objects.acount()} users"})
    await receive()  # the goodbye


application = ProtocolTypeRouter({"http": django_application, "websocket": how_many})
