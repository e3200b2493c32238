"""What a client says as it connects, and what is taken of it."""

import pytest

from account.visit import MAX_PAGE, Visit, device, visit

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "


def test_who_says_nothing_wants_nothing() -> None:
    assert visit(b"", []) == Visit()


def test_all_that_can_be_said() -> None:
    headers = [(b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")]
    said = visit(b"page=/lessons/7%3Fx&tabs=1&epoch=h3Kx&since=812", headers)
    assert said == Visit("/lessons/7?x", "Firefox on Linux", True, ("h3Kx", 812), True)
    assert visit(b"history=1", []) == Visit(history=True)


@pytest.mark.parametrize(
    "since", [b"", b"x", b"-1", b"1.5", b"1" * 16, "\u0661".encode(), b"1_0", b"%ff"]
)
def test_a_number_that_is_none_is_a_place_that_no_history_has(since: bytes) -> None:
    said = visit(b"epoch=h3Kx&since=" + since, [])
    assert said in (Visit(history=True, since=("", -1)), Visit())


@pytest.mark.parametrize(
    "page",
    [b"lessons", b"https://evil.example/", b"/" + b"x" * MAX_PAGE, b"/a%0ab", b"/%1b[31m", b"/%00"],
)
def test_a_page_that_is_no_address_or_cannot_be_shown_is_left_out(page: bytes) -> None:
    assert visit(b"page=" + page, []).page == ""


def test_too_many_fields_are_no_fields() -> None:
    assert visit(b"history=1" + b"&x=1" * 1000, []) == Visit()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36 OPR/122.0.0.0", "Opera on Windows"),
        (MAC + "(KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (PHONE + "(KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome on iOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64) HeadlessChrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Python/3.11 websockets/17.4", "Python"),
        ("\x1b[31m" * 1000, ""),
        ("", ""),
    ],
)
def test_a_device_is_named_from_a_small_table(agent: str, name: str) -> None:
    assert device(agent) == name
