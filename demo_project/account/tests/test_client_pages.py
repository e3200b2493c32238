"""The client's pages and files: with a build and without, their headers, their compression."""

import gzip
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from account.tests.conftest import StartServer
from account.tests.live import PROJECT, TIMEOUT, LiveServer, copy_database, environment

INDEX = PROJECT.parent / "frontend" / "src" / "index.html"
SCRIPT, STYLE = "main-ABCD2345.js", "styles-ABCD2345.css"
LAZY = "chunk-l1Y8IR_-.js"  # as esbuild names what is loaded later
SECRET = {"DJANGO_DEBUG": "0", "DJANGO_SECRET_KEY": "only-for-this-test", "HTTPS": "0"}
FOR_EVER = "max-age=315360000, public, immutable"


class Answer:
    """One HTTP answer: status, headers, body as it came."""

    def __init__(
        self,
        server: LiveServer,
        path: str,
        headers: Mapping[str, str] = {},
        form: bytes | None = None,
    ) -> None:
        address = f"http://{server.address}{path}"
        request = urllib.request.Request(address, form, headers=dict(headers))
        try:
            response = urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            self.status, self.headers = response.status, response.headers
            self.body: bytes = response.read()
            self.text = self.body.decode("utf-8", "replace")

    @property
    def policy(self) -> dict[str, str]:
        """The Content-Security-Policy, by directive."""
        parts = (part.split(" ", 1) for part in self.headers["Content-Security-Policy"].split("; "))
        return {part[0]: part[1] for part in parts}


def make_build(folder: Path) -> Path:
    """Make a folder such as a build makes it, around the client's own page."""
    folder.mkdir()
    shutil.copy(INDEX, folder / "index.html")
    script = b"export const words = 'somebody is online';\n" * 200
    (folder / SCRIPT).write_bytes(script)
    (folder / f"{SCRIPT}.gz").write_bytes(gzip.compress(script))
    (folder / LAZY).write_bytes(script)
    (folder / STYLE).write_text("body { margin: 0 }\n" * 50, "utf-8")
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build of a test's own."""
    return make_build(tmp_path / "browser")


@pytest.fixture(scope="module", params=["debug on", "debug off"])
def client_server(
    request: pytest.FixtureRequest,
    migrated_database: Path,
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveServer]:
    """Plain daphne with a build, as a developer runs it and as the world does."""
    more = SECRET if request.param == "debug off" else {}
    folder = tmp_path_factory.mktemp("client")
    built = make_build(folder / "browser")
    database = copy_database(migrated_database, folder)
    env = environment(database, redis_url, FRONTEND_DIST=str(built), **more)
    with LiveServer(env) as server:
        yield server


def test_with_a_build_the_board_is_the_client(client_server: LiveServer) -> None:
    page = Answer(client_server, "/")
    assert page.status == 200
    nonce = re.search(r'ngCspNonce="([\w-]{16,})"', page.text)
    assert nonce and page.policy["style-src"] == f"'self' 'nonce-{nonce[1]}'"
    again = Answer(client_server, "/").policy["style-src"]
    assert again != page.policy["style-src"], "a nonce is used once"
    cookies = " ".join(page.headers.get_all("Set-Cookie"))
    assert "csrftoken=" in cookies and "sessionid=" in cookies
    assert page.headers["Cache-Control"] == "private, no-cache"


def broken_by_a_prefix(page: Answer, base: str) -> list[str]:
    """The addresses of a page that do not start from this base, which it has to name."""
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page.text)
    addresses.remove(base)
    assert addresses
    return [address for address in addresses if re.match(r"/|\.\./|\w+:", address)]


@pytest.mark.parametrize(
    ("path", "base"),
    # The build makes ./ of the client's own base.
    [("/", "/"), ("/plain/", "../"), ("/accounts/login/", "../../")],
)
def test_no_page_names_an_address_that_a_prefix_would_break(
    client_server: LiveServer, path: str, base: str
) -> None:
    assert broken_by_a_prefix(Answer(client_server, path), base) == []


def test_the_plain_page_stays_reachable(client_server: LiveServer) -> None:
    page = Answer(client_server, "/plain/")
    assert page.status == 200 and "account/board.js" in page.text


def test_a_hashed_file_comes_compressed_and_is_cached_for_ever(client_server: LiveServer) -> None:
    path = f"/static/frontend/{SCRIPT}"
    plain, packed = (
        Answer(client_server, path, {"Accept-Encoding": encoding})
        for encoding in ("identity", "gzip")
    )
    assert plain.status == packed.status == 200
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body and len(packed.body) < len(plain.body) / 10
    others = [Answer(client_server, f"/static/frontend/{name}") for name in (STYLE, LAZY)]
    for answer in (plain, packed, *others):
        assert answer.headers["Cache-Control"] == FOR_EVER
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["Content-Type"].startswith("text/javascript")


def test_an_unchanged_file_is_not_sent_again(client_server: LiveServer) -> None:
    path = f"/static/frontend/{STYLE}"
    tag = Answer(client_server, path).headers["ETag"]
    assert Answer(client_server, path, {"If-None-Match": tag}).status == 304


def test_a_file_without_a_hash_is_asked_for_again(client_server: LiveServer) -> None:
    answer = Answer(client_server, "/static/account/board.css")
    assert answer.status == 200
    assert "immutable" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["nothing.js", "frontend/nothing-ABCD2345.js", "../manage.py"])
def test_a_missing_file_is_404(client_server: LiveServer, name: str) -> None:
    assert Answer(client_server, f"/static/{name}").status == 404
    assert "Traceback" not in client_server.log


@pytest.mark.parametrize("path", ["/", "/plain/", "/accounts/login/"])
def test_every_page_is_under_the_strict_policy(client_server: LiveServer, path: str) -> None:
    policy = Answer(client_server, path).policy
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize("path", ["/", "/accounts/login/"])
def test_only_while_developing_a_notebook_may_frame_the_pages(
    start_server: StartServer, path: str
) -> None:
    developing, strict = Answer(start_server(), path), Answer(start_server(**SECRET), path)
    notebooks = "'self' http://localhost:* http://127.0.0.1:*"
    assert developing.policy["frame-ancestors"] == notebooks
    assert "X-Frame-Options" not in developing.headers
    assert strict.policy["frame-ancestors"] == "'self'"
    assert strict.headers["X-Frame-Options"] == "DENY"


def test_the_admin_is_in_no_frame(server: LiveServer) -> None:
    assert Answer(server, "/admin/login/").headers["X-Frame-Options"] == "DENY"


def test_a_running_server_shows_the_client_as_soon_as_it_is_built(
    start_server: StartServer, tmp_path: Path, built: Path
) -> None:
    later = tmp_path / "later"
    server = start_server(FRONTEND_DIST=str(later))
    assert "account/board.js" in Answer(server, "/").text
    built.rename(later)
    assert "<app-root" in Answer(server, "/").text
    assert Answer(server, f"/static/frontend/{SCRIPT}").status == 200
    (later / "index.html").write_text("<app-root>another build</app-root>", "utf-8")
    assert "another build" in Answer(server, "/").text


def test_without_a_build_nothing_is_amiss(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(FRONTEND_DIST=str(tmp_path / "nowhere"), **SECRET)
    assert "account/board.js" in Answer(server, "/").text
    assert not [line for line in server.lines if "WARN" in line or "Error" in line], server.log


def test_runserver_serves_the_client_too(start_runserver: StartServer, built: Path) -> None:
    server = start_runserver(FRONTEND_DIST=str(built))
    assert "<app-root" in Answer(server, "/").text
    assert Answer(server, f"/static/frontend/{SCRIPT}").status == 200


def test_a_missing_page_leads_back_to_the_board(start_server: StartServer) -> None:
    page = Answer(start_server(**SECRET), "/nowhere/%3Cb%3E/")
    assert page.status == 404
    assert "There is no such page" in page.text and "<b>" not in page.text
    assert broken_by_a_prefix(page, "../../") == []


def test_a_form_from_before_a_log_in_elsewhere_says_so(server: LiveServer) -> None:
    page = Answer(server, "/accounts/login/", form=b"username=ana")
    assert page.status == 403
    assert "This form is out of date" in page.text
