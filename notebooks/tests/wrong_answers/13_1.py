# not yet: expected each of 30 clients to get 200 messages that are sent at once; some messages are lost
import os

CORE = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {
        "hosts": [{"address": os.environ.get("REDIS_URL"), "socket_timeout": None}],
        "expiry": 1000,
    },
}
