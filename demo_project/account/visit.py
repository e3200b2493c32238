"""What a client says as it connects: its page, its browser, and what it wants to hear."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

MAX_PAGE = 200
"""Characters of the page's address."""
_MAX_FIELDS = 20

# The first that a User-Agent contains: most name several, to please old servers.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Python/", "Python"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class Visit:
    """A client's own words, as far as they can be taken.

    `history`: it wants the numbers of messages. `since`: the epoch and the number of the last one
    that it has; (``""``, -1) when it gave none that could be read, None when it was never here.
    `tabs`: it wants to hear how many tabs somebody has.
    """

    page: str = ""
    device: str = ""
    history: bool = False
    since: tuple[str, int] | None = None
    tabs: bool = False


def visit(query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Visit:
    """Read the query string and the headers of a WebSocket's handshake.

    ``?page=/lessons/7&tabs=1&epoch=h3Kx&since=812``, or ``?history=1`` at the first time. Nothing
    in it can fail: what is not understood is left out.
    """
    try:
        fields = parse_qs(query.decode(errors="replace"), max_num_fields=_MAX_FIELDS)
    except ValueError:
        fields = {}
    given = {name: values[-1] for name, values in fields.items()}
    agent = next((value for name, value in headers if name == b"user-agent"), b"")
    since = _since(given) if "since" in given else None
    return Visit(
        page=_page(given.get("page", "")),
        device=device(agent.decode("latin1")),
        history=given.get("history") == "1" or since is not None,
        since=since,
        tabs=given.get("tabs") == "1",
    )


def device(agent: str) -> str:
    """What the board calls a browser: `Chrome on Linux`; empty when it is none that we know."""
    names = [
        next((name for mark, name in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)
    ]
    return " on ".join(filter(None, names))


def _page(page: str) -> str:
    is_address = page.startswith("/") and page.isprintable() and len(page) <= MAX_PAGE
    return page if is_address else ""


def _since(given: dict[str, str]) -> tuple[str, int]:
    epoch, number = given.get("epoch", ""), given["since"]
    return (epoch, int(number)) if re.fullmatch("[0-9]{1,15}", number) else ("", -1)
