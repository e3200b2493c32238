"""The presence board's app."""

import gc

from django.apps import AppConfig


class AccountConfig(AppConfig):
    """Rows, rules, the wire, the consumer and the page of "who is online"."""

    name = "account"
    verbose_name = "Presence board"

    def ready(self) -> None:
        """Listen to log-outs."""
        from account import log_out  # noqa: F401

        # What is loaded stays. Looked through again and again, it would double the time to start.
        gc.freeze()
