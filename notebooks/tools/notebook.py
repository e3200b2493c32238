"""A lesson as a file: read, its settled form, its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

LESSONS = Path(__file__).resolve().parents[1]

# The kernel as every machine has it: no version of Python, no name of a learner's own kernel.
METADATA: dict[str, Any] = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
# A widget's view names a model that lives in one kernel only; the text beside it is kept.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def lesson_files(folder: Path = LESSONS) -> list[Path]:
    """Return the lessons of a folder in order: every file named like ``03_….ipynb``."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Read a notebook; ``ValueError`` names the file when it is not one."""
    try:
        return nbformat.read(path, as_version=nbformat.NO_CONVERT)
    except (json.JSONDecodeError, nbformat.reader.NotJSONError) as error:
        raise ValueError(f"{path.name} is no notebook: expected JSON, got {error}") from error


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell, or an empty list."""
    return list(cell.metadata.get("tags", []))


def is_compared(cell: NotebookNode) -> bool:
    """Say whether the stored outputs of this code cell are a promise that a new run must keep."""
    return (
        cell.cell_type == "code"
        and cell.execution_count is not None
        and "nbval-ignore-output" not in tags(cell)
    )


def output_texts(cell: NotebookNode) -> Iterator[str]:
    """Yield every text that a code cell stored: streams, errors, plain text, HTML, SVG."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        elif output.output_type == "error":
            yield "\n".join([f"{output.ename}: {output.evalue}", *output.traceback])
        else:
            for mime, data in output.data.items():
                if isinstance(data, str) and not mime.startswith(("image/png", "image/jpeg")):
                    yield data


def settled(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of the notebook without what differs from machine to machine."""
    copy = nbformat.from_dict(json.loads(json.dumps(notebook)))
    copy.metadata = nbformat.from_dict(METADATA)
    for cell in copy.cells:
        # Tags are part of the lesson; timing, trust and folding are of one machine.
        cell.metadata = nbformat.from_dict({"tags": tags(cell)} if tags(cell) else {})
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return copy


def to_text(notebook: NotebookNode) -> str:
    """Return the notebook as its file holds it: keys sorted, one space, a newline at the end."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"
