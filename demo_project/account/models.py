"""What the database knows: which server processes live, which connections are open, what was said.

Times are the database's own (`Now()`): two servers may disagree about the time, one database not.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class ServerLease(models.Model):
    """One server process that is alive until `expires_at`, unless it says so again before."""

    uuid = models.UUIDField("process", primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    renewed_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["started_at"]
        verbose_name = "server process"
        verbose_name_plural = "server processes"

    def __str__(self) -> str:
        return str(self.uuid)[:8]


class UserOnline(models.Model):
    """One open WebSocket: a user with three tabs has three rows."""

    sid = models.CharField("channel name", max_length=200, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        help_text="Empty for a guest.",
    )
    # What the board shows. Kept in the row because a guest has no other place for it.
    name = models.CharField(max_length=200, db_index=True)
    # A row is as alive as the process that holds the connection: they end together.
    server = models.ForeignKey(ServerLease, on_delete=models.CASCADE)
    page = models.CharField(max_length=200, blank=True, help_text="Where its page says it is.")
    device = models.CharField(max_length=40, blank=True)
    connected_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "open connection"
        permissions = [("send_message", "Can send a message to open connections")]

    def __str__(self) -> str:
        return f"{self.name} ({self.sid})"


class History(models.Model):
    """The one row that counts what was said to all; whoever writes a message holds it meanwhile.

    So numbers have no holes, and nobody sees a number before all smaller ones are there.
    """

    epoch = models.CharField(max_length=16, help_text="Differs when the numbers begin anew.")
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "history"

    def __str__(self) -> str:
        return f"{self.epoch}:{self.last}"


class Said(models.Model):
    """One message to all, kept for those who were away for a moment."""

    number = models.BigIntegerField(primary_key=True)
    sender = models.CharField(max_length=200)
    text = models.TextField()
    at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        ordering = ["number"]
        verbose_name_plural = "said"

    def __str__(self) -> str:
        return f"{self.number} {self.sender}"
