"""The presence board's app."""

from django.apps import AppConfig


class AccountConfig(AppConfig):
    """Rows, rules, the wire, the consumer and the page of "who is online"."""

    name = "account"
    verbose_name = "Presence board"
