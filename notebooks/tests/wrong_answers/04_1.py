# not yet: expected /not/online/ to be refused; it opens
from channels.generic.websocket import WebsocketConsumer
from django.urls import re_path

from account.consumer import OnlineConsumer


class BackDoor(WebsocketConsumer):
    def connect(self):
        self.accept()
        self.send(text_data="the back door")


websocket_urlpatterns = [
    re_path(r"online/back/$", BackDoor.as_asgi()),
    re_path(r"online/", OnlineConsumer.as_asgi()),
]
