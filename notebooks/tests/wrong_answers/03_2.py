# not yet: expected ana's frame 2 to be answered {'type': 'count', 'count': 2};
import json

from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.count = 0
        self.count += 1
        self.send(text_data=json.dumps({"type": "count", "count": self.count}))
