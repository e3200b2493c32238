"""The presence board's app."""

from django.apps import AppConfig


class AccountConfig(AppConfig):
    """Rows, rules, the wire, the consumer and the page of "who is online"."""

    name = "account"
    verbose_name = "Presence board"

    def ready(self) -> None:
        """Listen to log-outs."""
        from account import log_out  # noqa: F401
