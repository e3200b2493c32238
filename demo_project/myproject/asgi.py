"""The entry point of every server: `runserver`, `daphne myproject.asgi:application`, uvicorn."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
# First: it loads the apps, and only then may a consumer import a model.
http = get_asgi_application()

from django.conf import settings  # noqa: E402

from myproject import goodbye, routing, startup  # noqa: E402
from myproject.guard.proxies import BehindProxies  # noqa: E402
from myproject.watch import access, metrics, pages  # noqa: E402
from myproject.wire import Wired  # noqa: E402

application = ProtocolTypeRouter(
    {"http": pages.watched(http), "websocket": metrics.counted(routing.application)}
)

if not settings.RECORD_TO:  # a frame that is written past `send` could not be recorded
    application = Wired(application)

if settings.TRUSTED_PROXIES:
    application = BehindProxies(application, settings.TRUSTED_PROXIES)

if settings.RECORD_TO:
    from recorder import recorded

    application = recorded(application)

if settings.LOG_FORMAT == "json":
    access.log_access_as_events()
startup.guard_connections()
startup.collect_less_garbage()
startup.say_who_can_be_reached()
startup.look_again_when_the_broker_is_back()
goodbye.say_goodbye_at_the_end()
