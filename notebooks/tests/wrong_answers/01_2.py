# not yet: expected a runserver that starts Daphne; it says 'Starting development server
from myproject.settings import *

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "account",
]
ASGI_APPLICATION = "myproject.asgi.application"
