# not yet: expected /whoami/cellar/ to be refused with HTTP 403; it opens
import json

from channels.generic.websocket import WebsocketConsumer


class WhoAmIConsumer(WebsocketConsumer):
    def connect(self):
        room = self.scope["url_route"]["kwargs"]["room"]
        self.accept()
        if room not in ("kitchen", "garden"):
            self.close(code=4403)
            return
        self.send(text_data=json.dumps({"room": room, "user": str(self.scope.get("user"))}))
