"""The pages of the classroom over HTTP: the app, the plan of the course, opening, and export."""

import hashlib
from collections.abc import Callable
from functools import cache

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import http_date
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import etag, require_POST, require_safe

from account import policy
from account.views import BUILT_CLIENT
from classroom import export, rules
from classroom.course import FILE
from classroom.events import Error, Frame, parse_opening
from classroom.hub import publish
from classroom.limits import HERE, MINUTE, TooManyGuesses, guesses
from classroom.turn import Command, carry_out
from myproject.guard.bucket import Buckets
from myproject.guard.door import address_of

OPENINGS = 10
"""Classes that one address may open in a minute."""
openings = Buckets(OPENINGS / MINUTE, OPENINGS)

NOT_BUILT = "classroom/not_built.html"
LOCAL = ("127.0.0.1", "::1")
_OF_PROXIES = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-ProxyContextPath")


@require_safe
@ensure_csrf_cookie
@cache_control(private=True, no_cache=True)
def app(request: HttpRequest) -> HttpResponseBase:
    """The Angular client, which shows what the address asks for; a sentence until it is built."""
    nonce = policy.new_nonce()
    page = render(request, [BUILT_CLIENT, NOT_BUILT], {"csp_nonce": nonce})
    return policy.protect(page, nonce)


@cache
def _course() -> tuple[bytes, str]:
    content = FILE.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@etag(lambda request: _course()[1])
def _course_if_new(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_course()[0], "application/json")


@require_safe
@cache_control(no_cache=True)
def course(request: HttpRequest) -> HttpResponse:
    """The plan of the course; its `Date` tells a board what time it is here."""
    response: HttpResponse = _course_if_new(request)
    response.headers["Date"] = http_date()  # daphne gives none
    return response


@require_POST
def open_class(request: HttpRequest) -> JsonResponse:
    """Open a class: `{"title": "…", "name": "…"}` → 201 with its code and the instructor's key."""
    if not _may_open(request):
        detail = (
            "A class is opened on the machine that the server runs on, or by who is logged in "
            "there as staff. CLASSROOM_OPEN says who may."
        )
        return _refused(403, Error("not_allowed", detail))
    if not openings.take(_address_of(request) or HERE):
        return _refused(429, Error("rate_limited", "Too many classes in a short time; wait."))
    opening = parse_opening(request.body.decode(errors="replace"))
    if isinstance(opening, Error):
        return _refused(400, opening)
    opened = rules.open_class(opening)
    answer = {"code": opened.code, "key": opened.key, "title": opened.title}
    return JsonResponse(answer, status=201, headers={"Cache-Control": "no-store"})


def _may_open(request: HttpRequest) -> bool:
    who = settings.CLASSROOM_OPEN
    if who == "local":
        return request.user.is_staff or _is_of_this_machine(request)
    return bool(who == "anyone")


def _is_of_this_machine(request: HttpRequest) -> bool:
    """Whether a request is of this machine itself: a proxy on it may speak for anybody."""
    told = any(name in request.headers for name in _OF_PROXIES)
    return request.META.get("REMOTE_ADDR") in LOCAL and not told


@require_safe
def export_csv(request: HttpRequest) -> HttpResponse:
    """The class as a table, for who has a key: `Authorization: Bearer …`."""
    return _exported(request, export.as_csv, "text/csv; charset=utf-8", "csv")


@require_safe
def export_json(request: HttpRequest) -> HttpResponse:
    """All that the board knows, for who has a key: `Authorization: Bearer …`."""
    return _exported(request, export.as_json, "application/json", "json")


def _exported(
    request: HttpRequest, write: Callable[[Frame], str], kind: str, ending: str
) -> HttpResponse:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    try:
        found = guesses.look_up(
            _address_of(request),
            lambda: rules.instructor_with_key(key) if scheme.lower() == "bearer" else None,
        )
    except TooManyGuesses:
        return _refused(429, Error("rate_limited", "Too many wrong keys; wait a minute."))
    state = found and _export(found[0])
    if not state:
        return _refused(404, Error("not_allowed", "There is no class with this key."))
    headers = {
        "Content-Disposition": f'attachment; filename="class.{ending}"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(write(state), kind, headers=headers)


def _address_of(request: HttpRequest) -> str | None:
    return address_of({"client": [request.META.get("REMOTE_ADDR"), 0]})


def _export(room: int) -> Frame | None:
    [found], news = carry_out([Command(room, rules.export)])
    async_to_sync(publish)(news)  # who is here may have been put right
    state: Frame | None = found
    return state


def _refused(status: int, error: Error) -> JsonResponse:
    headers = {"Cache-Control": "no-store"}
    return JsonResponse(
        {"code": error.code, "detail": error.detail}, status=status, headers=headers
    )
