"""Serves the static files: asynchronously, compressed where a copy is ready, under plain daphne."""

import re
from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseNotFound
from django.http.response import HttpResponseBase
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import MissingFileError

# The client's build puts a hash into each name, such as main-HWIMUWHO.js and chunk-l1Y8IR_-.js.
_HASHED = re.compile(r"/frontend/\w+-[\w-]{8}\.(?:js|css)$")


class StaticFilesMiddleware(ServeStaticMiddleware):
    """ServeStatic with two answers of our own, and with a client that is built while it runs."""

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        super().__init__(get_response)
        # ServeStatic only serves from the folders that it found when it started.
        self.insert_directory(str(settings.FRONTEND_DIST), f"{self.static_prefix}frontend/")

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Whether a file never changes under this address, so that it is cached for ever.

        ServeStatic 4.4 has a setting for it, which its middleware does not read.
        """
        return bool(_HASHED.search(url))

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a static file; a missing one with 404, for which ServeStatic in DEBUG has 500."""
        try:
            response: HttpResponseBase = await super().__call__(request)
        except MissingFileError:
            return HttpResponseNotFound("There is no such file.", content_type="text/plain")
        return response
