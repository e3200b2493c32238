from channels.generic.websocket import AsyncJsonWebsocketConsumer

from account.models import UserOnline


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await UserOnline.objects.acreate(sid=self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await UserOnline.objects.filter(sid=self.channel_name).adelete()

    async def receive_json(self, content):
        rows = UserOnline.objects.order_by("pk")
        await self.send_json({"type": "who", "sids": [row.sid async for row in rows]})
