"""What axe-core finds wrong with a page, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page

from tools.frontend import FRONTEND

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page, part: str = "html") -> list[str]:
    """Return what axe finds, as lines: by all rules of WCAG 2.2 AA and its best practices.

    ``part`` is a selector of what to look at.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("part => axe.run(part)", part)
    # A part has fewer things in it, and so fewer rules that are about one of them.
    least = 11 if part == "html" else 6
    assert len(found["passes"]) >= least, "axe looked at nothing"
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes']]}" for v in found["violations"]]


def in_each_scheme(page: Page) -> Iterator[str]:
    """Show the page in light, then in dark, and then in light again."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        yield scheme
    page.emulate_media(color_scheme="light")


def violations_in_both_schemes(page: Page) -> list[str]:
    """Return what axe finds in light and in dark, by the same rules."""
    return [f"{scheme}: {each}" for scheme in in_each_scheme(page) for each in violations(page)]
