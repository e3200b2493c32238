"""A notebook in JupyterLab, for the tests that look at it in a real browser."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Literal

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tools.running_lab import START_SECONDS, Lab, running_lab, wait_until_served

__all__ = [
    "POLLING",
    "START_SECONDS",
    "Lab",
    "await_kernel",
    "open_notebook",
    "run_cell",
    "running_lab",
    "start_run_all",
    "wait_until_served",
]


Moment = Literal["commit", "load"]
# What JupyterLab asks or says on a busy machine: the first start of a kernel failed, a style sheet
# did not come, the server was out of reach for a moment.
_OF_A_BUSY_MACHINE = re.compile(
    "Select Kernel|Error Starting Kernel|Server Connection Error|Error Loading Theme"
)
# An `async` function would not do: Playwright takes its promise for a yes.
_KERNEL_IS_THERE = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = session?.isReady && session.session?.kernel;
    return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""
ASK_AGAIN = 2_000  # milliseconds until one looks for a question in the way
POLLING = 100  # milliseconds between two looks at a page; each frame would be 60 in a second


def open_notebook(page: Page, address: str, wait_until: Moment = "load") -> None:
    """Open a page of JupyterLab; what it says because the machine is busy is answered.

    It is answered as a learner would.
    """
    page.add_locator_handler(_asked(page), _answer, no_wait_after=True)  # two in turn
    page.goto(address, wait_until=wait_until)


def _asked(page: Page) -> Locator:
    return page.get_by_role("dialog").filter(has_text=_OF_A_BUSY_MACHINE)


def _answer(asked: Locator) -> None:
    asked.locator(".jp-mod-accept").click()


def await_kernel(page: Page) -> None:
    """Wait until the kernel of the open notebook has answered and is idle."""
    # The toolbar shows a kernel's name and an idle sign before there is a kernel.
    end = time.monotonic() + START_SECONDS
    while True:
        # It answers what is there; the next wait does not.
        expect(_asked(page)).to_have_count(0, timeout=START_SECONDS * 1000)
        with suppress(TimeoutError):
            page.wait_for_function(_KERNEL_IS_THERE, timeout=ASK_AGAIN, polling=POLLING)
            return
        assert time.monotonic() < end, f"no kernel in {START_SECONDS} s"


def run_cell(cell: Locator) -> None:
    """Run a cell and wait until it has ended.

    While JupyterLab is still coming up it takes no keys, so this asks until the cell has begun.
    """
    page, prompt = cell.page, cell.locator(".jp-InputPrompt")
    before = (prompt.text_content() or "").strip()
    for _ in range(10):
        try:
            cell.locator(".cm-content").click(timeout=10_000)
        except TimeoutError as error:
            in_the_way = page.locator("dialog").all_inner_texts()
            raise AssertionError(f"JupyterLab says {in_the_way}") from error
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text(before, timeout=2_000)
            break
        except AssertionError:
            continue
    else:
        raise AssertionError("asked ten times for a cell to run, in vain")
    expect(prompt).not_to_have_text("[*]:", timeout=START_SECONDS * 1000)


def start_run_all(page: Page) -> None:
    """Run all cells through the menu, once the kernel is there."""
    await_kernel(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator("[data-command='runmenu:run-all']").click()
