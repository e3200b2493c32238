"""One row per open connection."""

from django.conf import settings
from django.db import models
from django.utils import timezone


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
    connected_at = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = "open connection"
        permissions = [("send_message", "Can send a message to open connections")]

    def __str__(self) -> str:
        return f"{self.name} ({self.sid})"
