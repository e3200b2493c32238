"""Places: where the parts of the repository are that this package starts or shows."""

from __future__ import annotations

from pathlib import Path

DEMO_PROJECT = Path(__file__).resolve().parents[2] / "demo_project"
RECORDER = DEMO_PROJECT / "recorder"
BUILT_CLIENT = DEMO_PROJECT.parent / "frontend" / "dist" / "browser"
