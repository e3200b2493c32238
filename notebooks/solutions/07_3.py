from asgiref.sync import async_to_sync
from channels.generic.websocket import JsonWebsocketConsumer


class OnlineConsumer(JsonWebsocketConsumer):
    groups = ["online"]

    def receive_json(self, content):
        everybody = async_to_sync(self.channel_layer.group_send)
        event = {"type": "online.message", "text": content["text"], "sender": self.channel_name}
        everybody("online", event)

    def online_message(self, event):
        if event["sender"] != self.channel_name:
            self.send_json({"type": "message", "text": event["text"]})
