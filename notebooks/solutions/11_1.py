from channels.generic.websocket import AsyncJsonWebsocketConsumer


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    groups = ["online"]

    async def receive_json(self, content):
        event = {"type": "online.message", "text": content["text"]}
        try:
            await self.channel_layer.group_send("online", event)
        except ConnectionError:
            await self.send_json({"type": "error", "code": "unavailable"})

    async def online_message(self, event):
        await self.send_json({"type": "message", "text": event["text"]})
