"""A notebook in JupyterLab, for the tests that look at it in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tools.running_lab import START_SECONDS, Lab, running_lab, wait_until_served

__all__ = [
    "START_SECONDS",
    "Lab",
    "await_kernel",
    "run_cell",
    "running_lab",
    "start_run_all",
    "wait_until_served",
]


_OF_A_BUSY_MACHINE = re.compile("Select Kernel|Error Starting Kernel|Server Connection Error")


def await_kernel(page: Page) -> None:
    """Wait until the kernel of the open notebook has answered and is idle.

    On a busy machine the first start of a kernel may fail, and JupyterLab asks which one to start;
    or it misses its server for a moment, and says so. It is answered as a learner would.
    """
    asked = page.get_by_role("dialog").filter(has_text=_OF_A_BUSY_MACHINE)
    answer = asked.locator(".jp-mod-accept")
    page.add_locator_handler(asked, lambda: answer.click(), no_wait_after=True)  # two in turn
    # The toolbar shows a kernel's name and an idle sign before there is a kernel.
    page.wait_for_function(
        """async () => {
            const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
            if (!session) return false;
            await session.ready;
            const kernel = session.session?.kernel;
            if (!kernel) return false;
            await kernel.info;
            return kernel.connectionStatus === "connected" && kernel.status === "idle";
        }""",
        timeout=START_SECONDS * 1000,
    )


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
