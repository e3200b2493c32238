from django.utils.timezone import now

from account.models import ServerLease


async def answer(name):
    await ServerLease.objects.filter(useronline__name=name).aupdate(expires_at=now())
