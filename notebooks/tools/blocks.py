"""Parts of a Markdown file that are made, between two comments that name them."""

from __future__ import annotations


def with_block(text: str, name: str, content: str) -> str:
    """Return the text with this content in its part ``name``; ``ValueError`` when it has no such.

    A part begins with the line ``<!-- name -->`` and ends with the line ``<!-- /name -->``.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"expected {begin.strip()} and {end} once each")
    head, _, rest = text.partition(begin)
    return f"{head}{begin}{content}\n{end}{rest.partition(end)[2]}"
