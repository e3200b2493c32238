"""`manage.py broadcast "text" [--to USER]`: say something to everybody who is online."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from account import outside, presence
from account.events import Message, check_text


class Command(BaseCommand):
    """Sends one message from `server` to all open connections, or to one user's."""

    help = 'Sends a message from "server" to everybody who is online, or to one user.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The text, and for whom it is."""
        parser.add_argument("text", help="what to say")
        parser.add_argument("--to", metavar="USER", help="only to this user's tabs")

    def handle(self, *args: Any, text: str, to: str | None, **options: Any) -> None:
        """Send it and say how many connections it went to. Raises CommandError if none could."""
        if wrong := check_text(text):
            raise CommandError(f"The message was not sent: {wrong.detail}.")
        if not outside.reaches_other_processes():
            raise CommandError(
                "Nobody could get the message: without REDIS_URL the channel layer is in this "
                "command's own memory, and the clients are connected to another process. Set "
                "REDIS_URL (for example redis://localhost:6379/0), for the server and here alike."
            )
        sids = None if to is None else presence.sids_of(to)
        if sids == []:
            raise CommandError(f"The message was not sent: nobody called {to!r} is online.")
        message = Message(presence.SERVER_NAME, text, to)
        try:
            if sids is not None:
                outside.send(message, sids)
            elif not outside.tell_all(message):
                self.stdout.write("The channel layer did not take it; it is kept in the history,")
                self.stdout.write("where every server looks every few seconds.")
        except outside.NotSent as error:
            raise CommandError(str(error)) from error
        tabs = sum(user["tabs"] for user in presence.online()) if sids is None else len(sids)
        whom = "everybody" if to is None else to
        connections = "1 open connection" if tabs == 1 else f"{tabs} open connections"
        self.stdout.write(f"Sent to {whom}: {connections}.")
