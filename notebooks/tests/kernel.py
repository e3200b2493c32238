"""A real kernel, asked as JupyterLab asks: each request names its cell in the notebook's file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tools.kernel import kernel_environment

NOTEBOOKS = Path(__file__).resolve().parents[1]
SECONDS = 60.0  # for a cell to end


@dataclass
class Ran:
    """What a cell put out: its text, in order, its errors, and the widgets that it opened."""

    texts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    opened: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text."""
        return "".join(self.texts)


class Kernel:
    """A kernel of a learner; ``notebook`` is the file that it believes to run."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self.manager = manager
        self._client = client

    def run(self, source: str, cell: str | None = None, *, raises: bool = False) -> Ran:
        """Run a cell to its end; an error fails the test unless it ``raises``."""
        session = self._client.session
        content = {"code": source, "silent": False, "store_history": True, "stop_on_error": False}
        metadata = {"cellId": cell} if cell else {}
        request = session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(request)
        ran = self._follow(request["header"]["msg_id"])
        assert raises or not ran.errors, ran
        return ran

    def _follow(self, request: str) -> Ran:
        ran, end = Ran(), time.monotonic() + SECONDS
        while True:
            message = self._client.get_iopub_msg(timeout=max(0.1, end - time.monotonic()))
            kind, content = message["msg_type"], message["content"]
            if kind == "comm_open":
                ran.opened.append(content)
            if message["parent_header"].get("msg_id") != request:
                continue
            match kind:
                case "stream":
                    ran.texts.append(content["text"])
                case "execute_result" | "display_data":
                    ran.texts.append(content["data"].get("text/plain", "") + "\n")
                case "error":
                    ran.errors.append(f"{content['ename']}: {content['evalue']}")
                case "status" if content["execution_state"] == "idle":
                    return ran

    def kill(self) -> None:
        """End it as the system does when memory runs out: nothing of it runs any more."""
        self.manager.shutdown_kernel(now=True)


@contextmanager
def running_kernel(
    workspace: Path, home: Path, notebook: Path | None = None, **environment: str
) -> Iterator[Kernel]:
    """Start a kernel in the folder of the lessons, with this workspace; end it."""
    workspace.mkdir(exist_ok=True)
    manager = KernelManager(kernel_name="python3")
    session = {"JPY_SESSION_NAME": str(notebook)} if notebook else {}
    manager.start_kernel(
        cwd=str(NOTEBOOKS), env={**kernel_environment(workspace, home), **session, **environment}
    )
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(client, manager)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
