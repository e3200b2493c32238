from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from account.models import UserOnline

channel_layer = get_channel_layer()
c = UserOnline.objects.latest("id")
async_to_sync(channel_layer.send)(c.sid, {"type": "online.off", "message": "good night"})
