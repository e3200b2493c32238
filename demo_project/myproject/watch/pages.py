"""`/healthz` and `/metrics`: for machines, before Django, so that they answer when it does not."""

import json
from typing import Any

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from myproject.watch import metrics
from myproject.watch.health import health
from myproject.watch.metrics import Application, Receive, Send


def watched(application: Application) -> Application:
    """Let an ASGI application of HTTP have the two pages; no log-in, no session, no host."""

    async def run(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        page = PAGES.get(scope["path"])
        if page is None or (page is _metrics and not settings.METRICS):
            await application(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(scope, send, 405, "text/plain", b"Only GET and HEAD.\n")
        else:
            await page(scope, send)

    return run


async def _health(scope: dict[str, Any], send: Send) -> None:
    well, answer = await health()
    body = json.dumps(answer).encode() + b"\n"
    await _answer(scope, send, 200 if well else 503, "application/json", body)


async def _metrics(scope: dict[str, Any], send: Send) -> None:
    metrics.measure_this_loop()
    await _answer(scope, send, 200, CONTENT_TYPE_LATEST, generate_latest())


PAGES = {"/healthz": _health, "/metrics": _metrics}


async def _answer(scope: dict[str, Any], send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    shown = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": shown})
