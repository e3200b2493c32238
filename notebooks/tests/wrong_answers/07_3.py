# not yet: expected ana to hear {'type': 'message', 'text': 'hello'} when bob says it; nothing came
from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer


class OnlineConsumer(JsonWebsocketConsumer):
    groups = ["online"]

    def receive_json(self, content):
        self.said = content["text"]
        everybody = async_to_sync(self.channel_layer.group_send)
        everybody("online", {"type": "online.message", "text": content["text"]})

    def online_message(self, event):
        if event["text"] != getattr(self, "said", None):
            self.send_json({"type": "message", "text": event["text"]})
