# not yet: ana waited 2 s for a frame, in vain
import json

from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        if len(text_data) <= 100:
            self.send(text_data=json.dumps({"type": "echo", "text": text_data}))
