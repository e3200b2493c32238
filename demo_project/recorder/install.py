"""Installs the recorder in this process: channel layers, consumers, database."""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any

import channels.consumer
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.layers import channel_layers
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .application import Application, RecordedApplication
from .journal import Journal
from .layer import record_layer

_STATEMENT = re.compile(
    r"""\s*(?:(SELECT)\b.*?\bFROM|(INSERT)\s+(?:OR\s+\w+\s+)?INTO|(UPDATE)|(DELETE)\s+FROM)\s+["`]?(\w+)""",
    re.IGNORECASE | re.DOTALL,
)
_running: ContextVar[object] = ContextVar("the consumer that runs", default=None)
_journal: Journal | None = None


def install(journal: Journal) -> None:
    """Let this process write to ``journal`` from now on; RuntimeError when it does already."""
    global _journal
    if _journal is not None:
        raise RuntimeError("expected a process that does not record yet, got one that does")
    _journal = journal
    _record_layers(journal)
    _record_consumers(journal)
    connection_created.connect(_record_statements, dispatch_uid="recorder")


def recorded(application: Application) -> RecordedApplication:
    """Let this process's journal have what passes through an ASGI application.

    Raises RuntimeError in a process without ``install()``.
    """
    if _journal is None:
        raise RuntimeError("expected a process that records, got one without install()")
    return RecordedApplication(application, _journal)


def _record_layers(journal: Journal) -> None:
    """Wrap each layer when the project first asks for it; its errors come where they came."""
    make = channel_layers.make_backend
    channel_layers.make_backend = lambda name: record_layer(make(name), journal)
    for layer in channel_layers.backends.values():
        record_layer(layer, journal)


def _record_consumers(journal: Journal) -> None:
    """Note which consumer a connection gets, each event it takes up, each method looked for."""
    call, handler_name, dispatch_many = (
        channels.consumer.AsyncConsumer.__call__,
        channels.consumer.get_handler_name,
        channels.consumer.await_many_dispatch,
    )

    # All hand on what the original gives back: none stands in a consumer's traceback.
    def recorded_call(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        _running.set(self)
        kind = type(self)
        journal.note(
            "consumer", name=kind.__name__, own=not kind.__module__.startswith("channels.")
        )
        return call(self, scope, receive, send)

    def recorded_handler_name(message: Any) -> str:
        name: str = handler_name(message)
        consumer = _running.get()
        shown = name
        if isinstance(consumer, WebsocketConsumer | AsyncWebsocketConsumer):
            # The generic consumers hand websocket.connect on to connect(), and so on.
            shown = name.removeprefix("websocket_")
        journal.note("handler", name=shown, type=message["type"], found=hasattr(consumer, name))
        return name

    def recorded_dispatch_many(sources: Any, dispatch: Any) -> Any:
        def recorded_dispatch(message: Any) -> Any:
            journal.note("taken", type=message.get("type"))
            return dispatch(message)

        return dispatch_many(sources, recorded_dispatch)

    channels.consumer.AsyncConsumer.__call__ = recorded_call
    channels.consumer.await_many_dispatch = recorded_dispatch_many
    channels.consumer.get_handler_name = recorded_handler_name


def _record_statements(connection: BaseDatabaseWrapper, **_: Any) -> None:
    # The list behind connection.execute_wrapper(), which is a context manager for a block.
    if _note_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note_statement)


def _note_statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if _journal is not None and (found := _STATEMENT.match(sql)):
        verb = next(word for word in found.groups()[:4] if word)
        _journal.note("sql", statement=f"{verb.upper()} {found[5]}")
    return execute(sql, params, many, context)
