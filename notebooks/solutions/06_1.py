import json
from datetime import UTC, datetime

from channels.generic.websocket import WebsocketConsumer


class OnlineConsumer(WebsocketConsumer):
    def receive(self, text_data=None, bytes_data=None):
        self.send(text_data=json.dumps({"type": "time", "now": datetime.now(UTC).isoformat()}))
