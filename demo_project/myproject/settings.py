"""Settings of the demo: each by one environment variable, each with a default that works.

REDIS_URL          brokers, separated by commas; unset: memory, which no other process reaches
DATABASE_URL       unset: SQLite beside manage.py; postgres://… needs psycopg
DJANGO_DEBUG       on unless ALLOWED_HOSTS names others; off asks for DJANGO_SECRET_KEY
DJANGO_SECRET_KEY  any long random string
ALLOWED_HOSTS      names by which browsers reach the server, separated by commas
FRONTEND_DIST      the folder of the built client; unset: ../frontend/dist/browser
PRESENCE_LEASE_SECONDS  seconds in which the people of a killed server are off the board
                   (10 while DJANGO_DEBUG is on; 30 forgives a server that is too busy to beat)
HISTORY_MESSAGES   how many messages to all are kept for those who come back (200; 0: none)
HISTORY_SECONDS    and how long (3600)
LOG_FORMAT         line, or json: one JSON object an event
METRICS            on: /metrics tells everybody who reaches the server its figures
HTTPS              on unless DJANGO_DEBUG is: pages and cookies over https only
TRUSTED_PROXIES    addresses of the proxies whose X-Forwarded-For and -Proto are believed
GUESTS             off: only users who are logged in may open a WebSocket
MESSAGES_PER_CONNECTION, MESSAGES_PER_USER, CONNECTIONS_PER_USER, CONNECTIONS_PER_ADDRESS,
NEW_CONNECTIONS_PER_ADDRESS, HANDSHAKE_SECONDS, MAX_UNREAD_BYTES, HSTS_SECONDS: the numbers below
CLASSROOM_OPEN     who may open a class from the page: local (who is on this machine, or logged in
                   as staff), anyone, or nobody (then only manage.py open_class)
CLASSROOM_LEARNERS how many learners a class may have (500; 0: no limit). Where all of them come
                   from one address (a JupyterHub), raise CONNECTIONS_PER_ADDRESS and
                   NEW_CONNECTIONS_PER_ADDRESS, too
CLASSROOM_GUESSES_PER_ADDRESS, CLASSROOM_GUESSES: wrong codes and keys a minute, of one address
                   (20) and of all (120); above that, right ones wait as well. Each server process
                   counts for itself: four of them let four times as many through
CHANNELS_RECORD    a folder: what happens is recorded into it; unset: the recorder is not installed
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url

from myproject.environment import (
    channel_layers,
    flag,
    number,
    one_of,
    postgresql_options,
    secret_key,
    sqlite_options,
    words,
)

BASE_DIR = Path(__file__).resolve().parent.parent

_LOCAL = ["localhost", "127.0.0.1", "[::1]"]
# Also the list of origins that may open a WebSocket (AllowedHostsOriginValidator).
ALLOWED_HOSTS = words("ALLOWED_HOSTS", default=_LOCAL)
# A server that others can reach by a name is not a development server, unless it is said.
DEBUG = flag("DJANGO_DEBUG", default=set(ALLOWED_HOSTS) <= set(_LOCAL))
SECRET_KEY = secret_key(debug=DEBUG)
# Which sites may show the pages in a frame: while developing, a notebook on any port of this host.
FRAME_ANCESTORS = ["'self'"]
if DEBUG:
    FRAME_ANCESTORS += ["http://localhost:*", "http://127.0.0.1:*"]
# Not there until it is built; the plain page shows in its place.
FRONTEND_DIST = Path(
    os.environ.get("FRONTEND_DIST") or BASE_DIR.parent / "frontend" / "dist" / "browser"
)
SILENCED_SYSTEM_CHECKS = [
    "staticfiles.W004",  # says the same as the comment above
    # HSTS for all sub-domains, and in the lists of browsers: it binds hosts that are not ours.
    "security.W005",
    "security.W021",
]

INSTALLED_APPS = [
    "daphne",  # first: it replaces runserver by one that speaks WebSocket
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "servestatic",
    "channels",
    "account",
    "classroom",
]
# Not installed at all while it is off, so that then it costs nothing.
RECORD_TO = os.environ.get("CHANNELS_RECORD", "")
if RECORD_TO:
    INSTALLED_APPS.append("recorder")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "myproject.static_files.StaticFilesMiddleware",  # early: a file needs no session
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "account.outage.AnswerOutages",
]

_LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [FRONTEND_DIST],
        "OPTIONS": {
            # Django caches templates also while developing; a client built just now should show.
            "loaders": _LOADERS if DEBUG else [("django.template.loaders.cached.Loader", _LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "account.addresses.base",
            ],
        },
    },
]

ROOT_URLCONF = "myproject.urls"
ASGI_APPLICATION = "myproject.asgi.application"

CHANNEL_LAYERS = channel_layers()

DATABASES: dict[str, Any] = {
    "default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"].setdefault("OPTIONS", {}).update(sqlite_options())
    # A file, because an in-memory database ignores the time-out above; never the learner's own.
    DATABASES["default"]["TEST"] = {"NAME": str(BASE_DIR / "test.sqlite3")}

if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["OPTIONS"] = postgresql_options() | DATABASES["default"].get("OPTIONS", {})

_LEASE = 10 if DEBUG else 30
PRESENCE_LEASE_SECONDS = number("PRESENCE_LEASE_SECONDS", default=_LEASE, least=1)
HISTORY_MESSAGES = int(number("HISTORY_MESSAGES", default=200, least=0))
HISTORY_SECONDS = number("HISTORY_SECONDS", default=3600, least=0)

TIME_ZONE = "UTC"  # Django's own default is Chicago, also for the lines of the log

# Over https the session's cookie is sent nowhere else, and no other host may set one of its name.
# (The CSRF cookie keeps its name: the client reads it.) HttpOnly and SameSite=Lax are Django's own.
HTTPS = flag("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SECURE_HSTS_SECONDS = int(number("HSTS_SECONDS", default=365 * 24 * 3600 if HTTPS else 0, least=0))

# From accounts/login/ and accounts/logout/ up to the board, also behind a proxy's prefix.
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "../../"
STATIC_URL = "static/"
STATICFILES_DIRS = [("frontend", FRONTEND_DIST)]
# Each file from where it lies, also with DEBUG off: there is no collectstatic to forget.
SERVESTATIC_USE_FINDERS = True

METRICS = flag("METRICS", default=False)
LOG_FORMAT = one_of("LOG_FORMAT", "line", "json")
# At the door of the WebSocket (myproject/guard/door.py); 0 means no limit. Twice a rate may come at
# once. Connections from this machine itself are not counted by address.
GUESTS = flag("GUESTS", default=True)
MESSAGES_PER_CONNECTION = int(number("MESSAGES_PER_CONNECTION", default=20, least=0))  # a second
# A second, all tabs together.
MESSAGES_PER_USER = int(number("MESSAGES_PER_USER", default=60, least=0))
CONNECTIONS_PER_USER = int(number("CONNECTIONS_PER_USER", default=100, least=0))
CONNECTIONS_PER_ADDRESS = int(number("CONNECTIONS_PER_ADDRESS", default=200, least=0))
# A second; above that the handshake is answered by HTTP 429, before it costs anything.
NEW_CONNECTIONS_PER_ADDRESS = int(number("NEW_CONNECTIONS_PER_ADDRESS", default=20, least=0))
CLASSROOM_OPEN = one_of("CLASSROOM_OPEN", "local", "anyone", "nobody")
CLASSROOM_LEARNERS = int(number("CLASSROOM_LEARNERS", default=500, least=0))
CLASSROOM_GUESSES_PER_ADDRESS = number("CLASSROOM_GUESSES_PER_ADDRESS", default=20, least=1)
CLASSROOM_GUESSES = number("CLASSROOM_GUESSES", default=120, least=1)
TRUSTED_PROXIES = words("TRUSTED_PROXIES", default=[])

# How long a request may take to arrive, and how much of what we send may stay unread.
HANDSHAKE_SECONDS = int(number("HANDSHAKE_SECONDS", default=10, least=1))
MAX_UNREAD = int(number("MAX_UNREAD_BYTES", default=1024 * 1024, least=0))

# One line an event, once, on stderr. `root` takes the place of the handler that the daphne command
# installs, and `django` gives up its own, or lines would come twice.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "myproject.guard.lines.LineFormatter",
            "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": ["levelname", "name", "message", "exc_info"],
            "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "traceback"},
            "timestamp": "at",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO"}},
}
