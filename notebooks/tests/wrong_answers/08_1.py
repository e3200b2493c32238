# not yet: expected bob to hear that the guest left; nothing came
from django.utils.timezone import now

from account.models import ServerLease


async def answer(name):
    await ServerLease.objects.filter(useronline__name=name, expires_at__lt=now()).adelete()
