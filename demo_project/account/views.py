"""The pages over HTTP: the board, the log-in, and who am I."""

from typing import Any

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from account import policy, presence

BUILT_CLIENT = "index.html"  # in FRONTEND_DIST
PLAIN_PAGE = "account/board.html"


@require_safe
@ensure_csrf_cookie
@cache_control(private=True, no_cache=True)
def board(request: HttpRequest) -> HttpResponseBase:
    """The board: the Angular client once it is built, and until then the plain page."""
    return _page(request, [BUILT_CLIENT, PLAIN_PAGE])


@require_safe
@cache_control(private=True, no_cache=True)
def plain(request: HttpRequest) -> HttpResponseBase:
    """The board as a plain page, without a framework."""
    return _page(request, [PLAIN_PAGE])


class LogIn(LoginView):
    """Django's log-in form under the same policy as the board."""

    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer any request to the form, with the policy."""
        return policy.protect(super().dispatch(request, *args, **kwargs), policy.new_nonce())


def _page(request: HttpRequest, templates: list[str]) -> HttpResponseBase:
    """Render the first of these templates that exists, for a visitor who has a name.

    A visitor's session gets a guest name here, so that two tabs and a reconnect are one guest. It
    has to happen over HTTP: Channels does not save what a consumer puts into a session.
    """
    if not request.user.is_authenticated and "guest_name" not in request.session:
        # Letters only, so that it is never the `guest-<number>` of a visitor without a session.
        letters = get_random_string(6, allowed_chars="abcdefghjkmnpqrstuvwxyz")
        request.session["guest_name"] = f"{presence.GUEST_PREFIX}{letters}"
    nonce = policy.new_nonce()
    return policy.protect(render(request, templates, {"csp_nonce": nonce}), nonce)


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
