"""The pages over HTTP: the board, and who am I."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_safe

from account import presence


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board: who is online, what is said, and a line to write in.

    A visitor's session gets a guest name here, so that two tabs and a reconnect are one guest. It
    has to happen over HTTP: Channels does not save what a consumer puts into a session.
    """
    if not request.user.is_authenticated and "guest_name" not in request.session:
        # Letters only, so that it is never the `guest-<number>` of a visitor without a session.
        letters = get_random_string(6, allowed_chars="abcdefghjkmnpqrstuvwxyz")
        request.session["guest_name"] = f"{presence.GUEST_PREFIX}{letters}"
    return render(request, "account/board.html")


@require_safe
def me(request: HttpRequest) -> JsonResponse:
    """Who am I, as the server sees it: `{"user": "ana", "guest": false}`.

    `user` is null for a visitor who has no name yet.
    """
    if request.user.is_authenticated:
        name = presence.board_name(request.user.get_username())
        return JsonResponse({"user": name, "guest": False})
    return JsonResponse({"user": request.session.get("guest_name"), "guest": True})


@require_safe
def online(request: HttpRequest) -> JsonResponse:
    """Who is online, once, over HTTP: `{"users": [{"user": "ana", "tabs": 2}, …]}`."""
    return JsonResponse({"users": presence.online()})
