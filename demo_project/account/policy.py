"""The Content-Security-Policy: what a browser may load into a page, and who may frame it.

Source: https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP and https://angular.dev/best-practices/security
"""

import secrets

from django.conf import settings
from django.http.response import HttpResponseBase


def new_nonce() -> str:
    """A number used once: only the style elements of one response know it."""
    return secrets.token_urlsafe(16)


def content_security_policy(nonce: str) -> str:
    """The policy of a page: files and sockets of its own origin, and nothing that is injected."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "connect-src 'self'",
            "img-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(settings.FRAME_ANCESTORS)}",
            "require-trusted-types-for 'script'",
            "trusted-types angular",
        )
    )


def protect(response: HttpResponseBase, nonce: str) -> HttpResponseBase:
    """Give a page its policy.

    X-Frame-Options knows no list of sites: where others than the page's own may frame it, it goes.
    """
    response.headers["Content-Security-Policy"] = content_security_policy(nonce)
    if len(settings.FRAME_ANCESTORS) > 1:
        # The mark that XFrameOptionsMiddleware looks for; Django types it on no class.
        setattr(response, "xframe_options_exempt", True)  # noqa: B010
    return response
