# not yet: expected finn, who connected last, to hear 'good night'; nothing came
from channels.layers import get_channel_layer

from account.models import UserOnline

channel_layer = get_channel_layer()
c = UserOnline.objects.latest("id")
channel_layer.send(c.sid, {"type": "online.off", "message": "good night"})
