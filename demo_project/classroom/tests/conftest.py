"""The fixtures of live servers, which both apps share."""

from account.tests.conftest import (  # noqa: F401
    cluster,
    database,
    each_env,
    env,
    migrated_database,
    redis_url,
    start_server,
    start_uvicorn,
)
