import json

from channels.generic.websocket import WebsocketConsumer


class WhoAmIConsumer(WebsocketConsumer):
    def connect(self):
        room = self.scope["url_route"]["kwargs"]["room"]
        if room not in ("kitchen", "garden"):
            self.close()  # before accept(): a refusal
            return
        self.accept()
        self.send(text_data=json.dumps({"room": room, "user": str(self.scope.get("user"))}))
