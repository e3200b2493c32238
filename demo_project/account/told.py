"""Who is online as a client has been told: one object for all clients that were told the same.

With a dict for each connection, a thousand users on a thousand connections are a million entries.
"""

from collections.abc import Mapping
from typing import Self
from weakref import WeakValueDictionary, ref


class Told:
    """Names with how many tabs each; it never changes, what follows is another one."""

    __slots__ = ("__weakref__", "_after", "_key", "tabs")

    tabs: Mapping[str, int]
    _key: int  # the same for the same tabs, and quickly made of that before
    _after: tuple[str, int, "ref[Told]"] | None

    @classmethod
    def of(cls, tabs: Mapping[str, int]) -> Self:
        """The one with these tabs."""
        key = 0
        for entry in tabs.items():
            key ^= hash(entry)
        return cls._one(key, tabs)

    def having(self, name: str, tabs: int) -> "Told":
        """The one in which this user has so many tabs and all else is as here; 0: is not online."""
        if self._after is not None and self._after[:2] == (name, tabs):
            after = self._after[2]()
            if after is not None:
                return after  # as for the connections before this one
        now = dict(self.tabs)
        key = self._key
        if (before := now.pop(name, 0)) > 0:
            key ^= hash((name, before))
        if tabs > 0:
            now[name] = tabs
            key ^= hash((name, tabs))
        told = self._one(key, now)
        # Weak: else a client that is behind would keep all that came since.
        self._after = (name, tabs, ref(told))
        return told

    def __contains__(self, name: str) -> bool:
        return name in self.tabs

    @classmethod
    def _one(cls, key: int, tabs: Mapping[str, int]) -> Self:
        known = _known.get(key)
        if known is not None and known.tabs == tabs:
            assert isinstance(known, cls)
            return known
        told = cls()
        told.tabs, told._key, told._after = tabs, key, None
        _known[key] = told
        return told


_known: WeakValueDictionary[int, Told] = WeakValueDictionary()
NOBODY = Told.of({})
