"""Names that people choose for themselves: made readable, never trusted, told apart."""

import unicodedata
from collections.abc import Container
from itertools import count

LONGEST = 40
"""Characters of a name."""

_JOINERS = "\u200c\u200d"  # of Persian, and of 👩‍🚀
_HIDDEN = ("Cc", "Cf", "Cs", "Co")  # categories: controls, marks of format, and of no meaning
_SEEN = ("L", "N", "P", "S", "Cn")  # letters, digits, punctuation, symbols, and newer ones


def cleaned(name: str, longest: int = LONGEST) -> str:
    """A name without control characters and marks that turn the direction of text.

    White space is collapsed. Empty when nothing is left that anybody could see.
    """
    spaced = " ".join(name.split())
    kept = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in _HIDDEN)
    seen = any(unicodedata.category(c).startswith(_SEEN) for c in kept)
    return kept[:longest].strip() if seen else ""


def free(name: str, taken: Container[str]) -> str:
    """The name, or `name (2)`, `name (3)` …: the first that is not taken.

    `taken` has names as `folded` makes them: Ana and ana are one name to whoever hears it.
    """
    if folded(name) not in taken:
        return name
    return next(new for n in count(2) if folded(new := f"{name} ({n})") not in taken)


def folded(name: str) -> str:
    """What is the same for names that are read alike."""
    return unicodedata.normalize("NFKC", name).casefold()
