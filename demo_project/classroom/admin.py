"""Classes in Django's admin: to look at, and to delete what is left of one."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from classroom.models import Room

# At run time Django's class takes no parameter.
if TYPE_CHECKING:
    ClassAdmin = admin.ModelAdmin[Room]
else:
    ClassAdmin = admin.ModelAdmin


@admin.register(Room)
class RoomAdmin(ClassAdmin):
    """Classes, without anything by which one could come in."""

    list_display = ["title", "opened_at", "used_at", "paused", "frozen_at"]
    fields = ("title", "opened_at", "used_at", "version", "paused", "frozen_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A class is opened where its key can be shown."""
        return False
