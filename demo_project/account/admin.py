"""The admin's list of open connections, and a message to the chosen ones."""

from collections import defaultdict
from typing import TYPE_CHECKING

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from account import outside, presence
from account.events import MAX_TEXT, Message
from account.models import UserOnline

if TYPE_CHECKING:  # generic for the type checker only: Django's class takes no parameter
    ConnectionAdmin = admin.ModelAdmin[UserOnline]
else:
    ConnectionAdmin = admin.ModelAdmin


class MessageForm(forms.Form):
    """What to say to the chosen connections."""

    text = forms.CharField(
        label="Message", max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )


class GuestFilter(admin.SimpleListFilter):
    """Users with an account, or guests."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ConnectionAdmin) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("user", "Registered users"), ("guest", "Guests")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[UserOnline]
    ) -> QuerySet[UserOnline]:
        """The rows of the chosen kind."""
        if self.value() is None:
            return queryset
        return queryset.filter(user__isnull=self.value() == "guest")


@admin.register(UserOnline)
class UserOnlineAdmin(ConnectionAdmin):
    """The open connections. A row mirrors a connection, so nobody edits it by hand."""

    list_display = ("name", "user", "device", "page", "sid", "server", "connected_at")
    list_filter = (GuestFilter, "connected_at")
    list_select_related = ("user", "server")
    search_fields = ("name", "sid", "user__username")
    actions = ("send_message",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a row is there because a connection is."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: UserOnline | None = None) -> bool:
        """Nobody: the consumer writes the rows."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UserOnline | None = None) -> bool:
        """Nobody: to delete the row would not close the connection."""
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Who has the permission "Can send a message to open connections"."""
        return request.user.has_perm("account.send_message")

    @admin.action(description="Send a message to selected open connections", permissions=["send"])
    def send_message(
        self, request: HttpRequest, queryset: QuerySet[UserOnline]
    ) -> HttpResponse | None:
        """Ask for the text on a page of its own, then send it to the chosen connections."""
        form = MessageForm(request.POST if "send" in request.POST else None)
        if form.is_valid():
            self._send(request, queryset, form.cleaned_data["text"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Send a message",
            "opts": self.model._meta,
            "connections": queryset,
            "form": form,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/account/useronline/send_message.html", context)

    def _send(self, request: HttpRequest, queryset: QuerySet[UserOnline], text: str) -> None:
        chosen = defaultdict(list)
        for name, sid in queryset.values_list("name", "sid"):
            chosen[name].append(sid)
        try:
            for name, sids in chosen.items():
                outside.send(Message(presence.SERVER_NAME, text, name), sids)
        except outside.NotSent as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        count = sum(map(len, chosen.values()))
        connections = "1 open connection" if count == 1 else f"{count} open connections"
        self.message_user(request, f"Sent to {connections}.", messages.SUCCESS)
