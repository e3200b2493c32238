# not yet: expected an object of type 'time'; a text came: "{'type':" …
import json
from datetime import UTC, datetime

from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=json.dumps(str({"type": "time", "now": datetime.now(UTC).isoformat()})))
