"""Settings by environment: each value that is good, and the sentence for each that is not."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from account.tests import live, postgres
from myproject import environment


@pytest.mark.parametrize(
    ("value", "wanted"), [("1", True), ("on", True), ("True", True), ("0", False), ("OFF", False)]
)
def test_a_flag_is_read(monkeypatch: pytest.MonkeyPatch, value: str, wanted: bool) -> None:
    monkeypatch.setenv("DJANGO_DEBUG", value)
    assert environment.flag("DJANGO_DEBUG", default=not wanted) is wanted


def test_a_flag_that_is_empty_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_DEBUG", " ")
    assert environment.flag("DJANGO_DEBUG", default=True) is True
    assert environment.flag("DJANGO_DEBUG", default=False) is False


def test_a_flag_that_is_no_flag_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match=r"DJANGO_DEBUG is 'maybe'; expected one of"):
        environment.flag("DJANGO_DEBUG", default=True)


def test_debug_off_asks_for_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SECRET_KEY", raising=False)
    assert environment.secret_key(debug=True)
    with pytest.raises(ImproperlyConfigured, match="DJANGO_SECRET_KEY is not set"):
        environment.secret_key(debug=False)
    monkeypatch.setenv("DJANGO_SECRET_KEY", "a key of our own")
    assert environment.secret_key(debug=False) == "a key of our own"


def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", " example.org, ,www.example.org ")
    assert environment.words("ALLOWED_HOSTS", default=[]) == ["example.org", "www.example.org"]


def test_the_layer_is_in_memory_without_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    layer = environment.channel_layers()["default"]
    assert layer == {"BACKEND": "channels.layers.InMemoryChannelLayer"}


def test_several_brokers_are_shards_of_one_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://one:6379/0, rediss://two:6379/0")
    layer = environment.channel_layers()["default"]
    assert layer["BACKEND"] == "myproject.broker.BoundedLayer"
    assert layer["CONFIG"] == {"hosts": ["redis://one:6379/0", "rediss://two:6379/0"]}


def test_a_broker_address_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://one:6379/0,user:secret@two:6379")
    with pytest.raises(ImproperlyConfigured, match="Address 2 of REDIS_URL") as refused:
        environment.channel_layers()
    assert "secret" not in str(refused.value)


def test_a_number_is_read_and_what_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_PER_USER", " 7 ")
    assert environment.number("MESSAGES_PER_USER", default=60, least=0) == 7
    monkeypatch.setenv("MESSAGES_PER_USER", "")
    assert environment.number("MESSAGES_PER_USER", default=60, least=0) == 60
    for value in ("-1", "many", "nan", "inf"):
        monkeypatch.setenv("MESSAGES_PER_USER", value)
        with pytest.raises(ImproperlyConfigured, match="expected a number from 0 on"):
            environment.number("MESSAGES_PER_USER", default=60, least=0)


def test_every_wait_for_postgresql_ends(cluster: postgres.Postgres) -> None:
    code = (
        "from django.db import connection as c; x = c.cursor();"
        " names = ('lock', 'statement', 'idle_in_transaction_session');"
        " print(*[x.execute(f'SHOW {name}_timeout').fetchone()[0] for name in names],"
        " c.get_connection_params()['connect_timeout'])"
    )
    for query, shown in (("", "5s 30s 3s 5"), ("&connect_timeout=9", "5s 30s 3s 9")):
        env = live.environment(Path(), None, DATABASE_URL=cluster.url("postgres") + query)
        done = live.manage("shell", "-v", "0", "-c", code, env=env)
        assert done.stdout.strip() == shown, done.stderr
