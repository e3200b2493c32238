import json

from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def connect(self):
        self.count = 0
        self.accept()

    def receive(self, text_data=None, bytes_data=None):
        self.count += 1
        self.send(text_data=json.dumps({"type": "count", "count": self.count}))
