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
    return JsonResponse({"user": _name(request), "guest": not request.user.is_authenticated})


@require_safe
def online(request: HttpRequest) -> JsonResponse:
    """Who is online, once, over HTTP: `{"users": [{"user": "ana", "tabs": 2}, …]}`.

    With `?details=1` also `"tabs": [{"user": "ana", "page": "/", "device": "Chrome on Linux",
    "since": "2030-01-31T12:00:00Z"}, …]`: the visitor's own, or all for who may see the admin's
    list of open connections.
    """
    rows = presence.alive()
    answer: dict[str, Any] = {"users": presence.online(rows)}
    if request.GET.get("details") == "1":
        if not request.user.has_perm("account.view_useronline"):
            rows = rows.filter(name=_name(request))
        answer["tabs"] = [
            {"user": row.name, "page": row.page, "device": row.device, "since": row.connected_at}
            for row in rows
        ]
    return JsonResponse(answer)


def _name(request: HttpRequest) -> str | None:
    """What the board calls this visitor; None for one who has no name yet."""
    if request.user.is_authenticated:
        return presence.board_name(request.user.get_username())
    name: str | None = request.session.get("guest_name")
    return name
