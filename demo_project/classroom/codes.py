"""Codes that people type, keys that programs keep, and what may be stored of a key."""

import hashlib
import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""31 characters that nobody takes for one another: no 0 and O, no 1, I and L."""
LENGTH = 8
"""31 to the power of 8 codes: 850 billion."""


def new_code() -> str:
    """A code for a class, such as `K7PM2QXR`: nobody can tell it from those before."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normal(typed: str) -> str | None:
    """A code as people type it (`k7pm-2qxr`, `K7PM 2QXR`), as it is stored; None if it is none."""
    code = "".join(typed.split()).replace("-", "").upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def spelled(code: str) -> str:
    """A code as people read it: `K7PM-2QXR`."""
    return f"{code[:4]}-{code[4:]}"


def new_key() -> str:
    """A secret of an instructor: 256 bits."""
    return secrets.token_urlsafe(32)


def digest(key: str) -> str:
    """What is stored of a key.

    A plain hash is enough for what is random and long: there is no list of likely keys to try.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Compare in a time that says nothing about where two digests differ."""
    return hmac.compare_digest(one, other)
