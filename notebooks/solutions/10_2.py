from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import re_path

from account.consumer import OnlineConsumer

websocket_urlpatterns = [re_path(r"^online/$", OnlineConsumer.as_asgi())]
board = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
application = ProtocolTypeRouter({"websocket": AllowedHostsOriginValidator(board)})
