"""Where things are, seen from a page. The templates name no address from the root of the server.

So the pages also work behind a proxy that puts a prefix such as `/proxy/8080/` before each address
and takes it away again: the server never learns of it.
"""

from django.http import HttpRequest


def base(request: HttpRequest) -> dict[str, str]:
    """Context processor: `base`, the way from a page up to the board, such as `../../`."""
    return {"base": "../" * (request.path_info.count("/") - 1) or "./"}
