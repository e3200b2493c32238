# not yet: expected dora to be told the sids; the connection was closed with 1011 (
from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from account.models import UserOnline


class OnlineConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        await UserOnline.objects.acreate(sid=self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await UserOnline.objects.filter(sid=self.channel_name).adelete()

    async def receive_json(self, content):
        rows = await sync_to_async(UserOnline.objects.order_by)("pk")
        await self.send_json({"type": "who", "sids": [row.sid for row in rows]})
