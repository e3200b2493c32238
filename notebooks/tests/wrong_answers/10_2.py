# not yet: expected the board's own page to be let in as ana; it was refused
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.urls import re_path

from account.consumer import OnlineConsumer

websocket_urlpatterns = [re_path(r"^online/$", OnlineConsumer.as_asgi())]
board = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
application = ProtocolTypeRouter({"websocket": OriginValidator(board, ["http://127.0.0.1"])})
