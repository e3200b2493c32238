"""The app that switches the recorder on in every process of the demo project."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from .install import install
from .journal import file_journal


class RecorderConfig(AppConfig):
    """Installed only when the setting RECORD_TO names a folder."""

    name = "recorder"

    def ready(self) -> None:
        """Let this process record into its own file of that folder."""
        install(file_journal(Path(settings.RECORD_TO)))
