import os

CORE = {
    "BACKEND": "channels_redis.core.RedisChannelLayer",
    "CONFIG": {
        "hosts": [{"address": os.environ.get("REDIS_URL"), "socket_timeout": None}],
        "capacity": 1000,  # messages that may wait for one server process
    },
}
