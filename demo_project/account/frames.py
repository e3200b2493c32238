"""How a client's frame is read: strictly, and with a sentence for whatever is wrong with it.

What `events.py` of each app is made of. Nothing here knows what a frame is about.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Literal, NoReturn

MAX_FRAME = 64 * 1024
"""Bytes of UTF-8 in one frame from a client."""
MAX_ID = 64
"""Characters in the id by which a client knows the answer to its question."""
MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript holds exactly (Number.MAX_SAFE_INTEGER)."""

_SHOWN = 40  # characters of a client's own words that an error repeats


class Refused(Exception):
    """Leaves the reading of a frame early; no `parse` lets it out."""

    def __init__(self, code: Literal["bad_json", "bad_event", "too_long"], detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def json_object(text: str) -> Mapping[str, object]:
    """The object that a frame is. Raises Refused."""
    # Counting bytes copies the text, so the count of characters, never larger, comes first.
    size = len(text) if len(text) > MAX_FRAME else len(text.encode(errors="surrogatepass"))
    if size > MAX_FRAME:
        raise Refused("too_long", f"expected a frame of at most {MAX_FRAME} bytes, got more")
    try:
        value = json.loads(
            text, parse_constant=_not_json, object_pairs_hook=_object_without_repeated_keys
        )
    except RecursionError:
        raise Refused("bad_json", "expected a flat object, got one nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"{error.msg} at character {error.pos}"
        raise Refused("bad_json", f"expected a JSON object, got {shown(text)}: {where}") from None
    except ValueError:  # an integer of thousands of digits: Python refuses to convert it
        detail = "expected shorter numbers, got one with thousands of digits"
        raise Refused("bad_json", detail) from None
    if not isinstance(value, dict):
        raise Refused("bad_event", f"expected a JSON object, got {shown(value)}")
    return value


def _not_json(constant: str) -> NoReturn:
    # Python's reader takes these three; JSON does not have them, and no browser could read them.
    raise Refused("bad_json", f"expected JSON, got {constant}, which JSON does not have")


def _object_without_repeated_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Which of two values counts differs from reader to reader, so neither is taken.
    found = dict(pairs)
    if len(found) != len(pairs):
        # One pass: a frame may hold thousands of keys, and all other clients wait meanwhile.
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise Refused("bad_json", f"expected each key once, got {shown(twice)} twice")
    return found


def string(event: Mapping[str, object], key: str) -> str:
    """The text under a key. Raises Refused."""
    value = event.get(key)
    if not isinstance(value, str):
        expected(f"{key!r} to be a string", event, key)
    if not is_unicode(value):
        detail = f"expected {key!r} to be Unicode text, got half of a surrogate pair in it"
        raise Refused("bad_event", detail)
    return value


def identifier(event: Mapping[str, object], key: str) -> int | str:
    """What a client calls its question, to be repeated in the answer. Raises Refused."""
    value = event.get(key)
    if isinstance(value, str) and len(value) <= MAX_ID and is_unicode(value):
        return value
    # bool is a kind of int in Python; in JSON it is not.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER:
        return value
    wanted = f"an integer up to 2**53 - 1 or a string up to {MAX_ID} characters"
    expected(f"{key!r} to be {wanted}", event, key)


def is_unicode(text: str) -> bool:
    """Whether the text can be sent: JSON can spell half of a surrogate pair, UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def expected(wanted: str, event: Mapping[str, object], key: str) -> NoReturn:
    """Say what was expected of a key, and what came. Raises Refused."""
    got = shown(event[key]) if key in event else "no such key"
    raise Refused("bad_event", f"expected {wanted}, got {got}")


def shown(value: object) -> str:
    """A value as an error may repeat it: its JSON kind, and its first characters if it is plain."""
    if isinstance(value, dict):
        return f"an object with {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if not isinstance(value, str | int | float | bool | None):
        return f"a {type(value).__name__}"
    if isinstance(value, str):
        # Cut before encoding, so that a megabyte is never copied into an answer.
        return json.dumps(value[:_SHOWN] + "…" * (len(value) > _SHOWN), ensure_ascii=True)
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return f"an integer of {value.bit_length()} bits"
    return json.dumps(value)
