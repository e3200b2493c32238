"""Whom to believe when a request says that it comes from somebody else."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.core.exceptions import ImproperlyConfigured

from myproject.guard.door import Application, Receive, Scope, Send


class Proxies:
    """The proxies that are ours, and what they say of a client.

    Each proxy adds the address that it sees to the right of `X-Forwarded-For`, and anybody may send
    a header with more to the left. So it is read from the right, as far as the proxies are ours.
    Of anybody else both headers are only words. Raises ImproperlyConfigured for what is no address.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        try:
            self._trusted = [ip_network(one) for one in trusted]
        except ValueError as error:
            raise ImproperlyConfigured(
                f"TRUSTED_PROXIES has an entry that is no address: {error}."
            ) from None

    def told(self, scope: Scope) -> dict[str, object]:
        """What the proxies say about the client: `client`, `scheme`; empty if there is none.

        It reads `type`, `client` and `headers` of the scope.
        """
        peer = (scope.get("client") or [""])[0]
        if not self._is_ours(peer):
            return {}
        told: dict[str, object] = {}
        for address in reversed(_values(scope, b"x-forwarded-for")):
            parsed = _address(address)
            if parsed is None:
                break
            told["client"] = [str(parsed), 0]
            if not self._is_ours(address):
                break
        schemes = _values(scope, b"x-forwarded-proto")
        if schemes and schemes[-1] in ("http", "https") and scope["type"] == "http":
            told["scheme"] = schemes[-1]
        return told

    def _is_ours(self, address: str) -> bool:
        parsed = _address(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


class BehindProxies:
    """An ASGI application that sees the client's own address and scheme, told by known proxies."""

    def __init__(self, application: Application, trusted: Sequence[str]) -> None:
        self._application = application
        self._proxies = Proxies(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one connection."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, **self._proxies.told(scope)}
        await self._application(scope, receive, send)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _values(scope: Scope, wanted: bytes) -> list[str]:
    """All values of a header that may be a list, or several times in a request."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
    return [part.strip() for part in ",".join(lines).split(",") if part.strip()]
