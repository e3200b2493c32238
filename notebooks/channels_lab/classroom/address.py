"""Address: which class, and where: its code, and the server that holds it."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from ..errors import LabError

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 1 I L O: they look like each other
LENGTH = 8
URL = "CLASSROOM_URL"  # the environment variable that a JupyterHub sets for its learners
DEFAULT = "http://127.0.0.1:8080"
_APP = "classroom/"  # what stands below the server's address


@dataclass(frozen=True)
class Address:
    """Where a class is: its ``code``, such as ``K7PM-2QXR``, and the ``base`` of its server.

    >>> Address.of("k7pm 2qxr", "192.168.1.20:8080")
    Address(code='K7PM-2QXR', base='http://192.168.1.20:8080/')
    """

    code: str
    base: str

    @classmethod
    def of(cls, code: str, at: str | None = None) -> Address:
        """Read what a learner was given: a code, or the link that has the code behind its ``#``.

        ``at`` is the server's address; without it the link's own, else ``CLASSROOM_URL``, else this
        machine. Raises ``LabError`` before anything is asked of any server.
        """
        if not isinstance(code, str) or not (at is None or isinstance(at, str)):
            raise LabError(f"expected the code of a class as a text, got {code!r} (at {at!r})")
        if "://" in code:
            link, _, code = code.partition("#")
            at = at or link
        return cls(_code(code), _base(at or os.environ.get(URL) or DEFAULT))

    @property
    def shown(self) -> str:
        """The server as a sentence names it: without the slash at the end."""
        return self.base.rstrip("/")

    @property
    def socket(self) -> str:
        """The WebSocket of the learners; it names neither class nor learner."""
        return f"ws{self.base.removeprefix('http')}{_APP}learner/"

    @property
    def origin(self) -> str:
        """The ``Origin`` that a page of this server would send."""
        parts = urlsplit(self.base)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def proxy(self) -> Literal[True] | None:
        """True: by the proxy of the environment. None: directly, as in the room's own network."""
        host = urlsplit(self.base).hostname or ""
        if host == "localhost" or host.endswith(".local"):
            return None
        try:
            return None if ipaddress.ip_address(host).is_private else True
        except ValueError:
            return True


def _code(text: str) -> str:
    plain = "".join(text.split()).replace("-", "").upper()
    if len(plain) != LENGTH or not set(plain) <= set(LETTERS):
        raise LabError(
            f"expected the code of a class, {LENGTH} letters and digits such as 'K7PM-2QXR' (never "
            f"0, 1, I, L or O) or its link, got {text.strip()[:40]!r}"
        )
    return f"{plain[:4]}-{plain[4:]}"


def _base(text: str) -> str:
    parts = _split(text.strip() if "://" in text else f"http://{text.strip()}")
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    if f"/{_APP}" in path:  # the address of a page of the class: what stands above it
        path = path[: path.index(f"/{_APP}") + 1]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise LabError(f"expected an address such as {DEFAULT!r}, got {text!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LabError(f"expected an address such as {DEFAULT!r}, got {text!r}")
    return parts
