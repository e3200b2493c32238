"""Threat, what the server does about it, and the test that proves it: as data."""

from typing import NamedTuple


class Threat(NamedTuple):
    """One row; `proof` is a file of tests (of an app, or of notebooks/tests) and a test in it."""

    threat: str
    answer: str
    proof: str


THREATS = (
    Threat(
        "Another site opens a WebSocket with the visitor's cookies.",
        "HTTP 403, and a line in the log that names the origin.",
        "test_door.py::test_a_foreign_origin_is_refused_with_a_line_that_says_so",
    ),
    Threat(
        "Another site sends the log-in form.",
        "HTTP 403: the form's token is missing.",
        "test_production.py::test_a_log_in_without_the_token_of_the_form_is_refused",
    ),
    Threat(
        "A visitor who shall not come in without an account.",
        "GUESTS=0: accepted, then closed with 4401; the list over HTTP stays.",
        "test_door.py::test_without_guests_a_visitor_is_closed_with_4401_and_the_list_stays",
    ),
    Threat(
        "A tab stays connected after its user has logged out.",
        "The log-out closes every connection of that session with 4401, on all servers.",
        "test_production.py::test_a_log_out_closes_the_connections_of_its_session_on_all_servers",
    ),
    Threat(
        "A cookie is read by a script, over plain http, or set by a neighbouring host.",
        "HttpOnly, Secure, SameSite=Lax, a `__Host-` name; http is sent on to https, with HSTS.",
        "test_production.py::test_in_production_pages_are_https_and_cookies_stay_there",
    ),
    Threat(
        "A public server runs with DEBUG on, or with the key that is in the repository.",
        "A public name in ALLOWED_HOSTS turns DEBUG off, and then it asks for a key.",
        "test_production.py::test_a_server_with_a_public_name_is_no_development_server_by_accident",
    ),
    Threat(
        "A setting for deployment is forgotten.",
        "`manage.py check --deploy` finds nothing.",
        "test_production.py::test_the_check_for_deployment_finds_nothing",
    ),
    Threat(
        "A script is injected into a page.",
        "The Content-Security-Policy lets only files of the server run.",
        "test_client_pages.py::test_every_page_is_under_the_strict_policy",
    ),
    Threat(
        "A message of megabytes: in one frame, in pieces, announced, compressed.",
        "Closed with 1009 above 64 KiB, below the application; compression is not negotiated.",
        "test_size_limit.py::"
        "test_a_message_above_the_limit_is_closed_with_1009_and_memory_does_not_grow",
    ),
    Threat(
        "A body that never ends.",
        "HTTP 413 above 1 MiB, before it is kept.",
        "test_slow_clients.py::test_a_body_without_an_end_is_refused",
    ),
    Threat(
        "Frames that break the protocol.",
        "Closed with 1002, 1007 or 1009; nobody else notices, nothing grows.",
        "test_fuzz.py::test_malformed_frames_get_their_close_code_and_nobody_else_notices",
    ),
    Threat(
        "A flood of messages.",
        "20 a second, 40 at once; then `rate_limited`, and 4008 for who does not stop.",
        "test_door.py::test_who_does_not_stop_is_closed_with_4008",
    ),
    Threat(
        "A flood through many tabs of one user.",
        "All tabs of a user share one rate.",
        "test_door.py::test_all_tabs_of_a_user_share_one_rate",
    ),
    Threat(
        "Thousands of connections of one user.",
        "4009 above 100.",
        "test_door.py::test_a_user_has_no_more_than_so_many_tabs",
    ),
    Threat(
        "Thousands of connections of one address.",
        "4010 above 200.",
        "test_door.py::test_an_address_has_no_more_than_so_many_connections",
    ),
    Threat(
        "Two thousand connections of one address in two seconds.",
        "HTTP 429 above 20 a second, before a handshake costs anything.",
        "test_door.py::test_an_address_opens_no_more_than_so_many_connections_a_second",
    ),
    Threat(
        "A header says that the client is somebody else.",
        "Believed from the proxies in TRUSTED_PROXIES, and from the right.",
        "test_door.py::test_only_a_trusted_proxy_is_believed",
    ),
    Threat(
        "A connection that says nothing, or half of a request.",
        "Hung up on after ten seconds.",
        "test_slow_clients.py::test_a_request_that_never_ends_is_hung_up_on",
    ),
    Threat(
        "A byte at a time.",
        "The ten seconds are for the whole request: a byte wins no time.",
        "test_slow_clients.py::test_a_byte_at_a_time_wins_no_time",
    ),
    Threat(
        "Hundreds of half-open handshakes a second.",
        "A normal client still connects in under a second.",
        "test_slow_clients.py::test_half_open_handshakes_do_not_keep_a_normal_client_out",
    ),
    Threat(
        "A client that reads nothing.",
        "Closed with 4011 when 1 MiB is unread; the others wait for nothing.",
        "test_slow_clients.py::"
        "test_a_client_that_reads_nothing_is_dropped_and_costs_the_others_nothing",
    ),
    Threat(
        "A path or a name writes lines of its own into the log.",
        r"What does not print is written as \n or \x1b; long values are cut.",
        "test_log_lines.py::test_a_path_writes_no_line_and_no_colour",
    ),
    Threat(
        "A request that two servers read in two ways.",
        "HTTP 400.",
        "test_log_lines.py::test_a_header_that_means_two_things_is_refused",
    ),
    Threat(
        "A client claims to be somebody else.",
        "The session says who it is; what a frame says of it is not read.",
        "test_threats.py::test_the_sender_is_who_the_session_says",
    ),
    Threat(
        "The code of a class, or an instructor's key, is guessed.",
        "4429 above 20 wrong ones a minute of an address and 120 of all, for each process; "
        "then a right one waits, too.",
        "test_guesses.py::test_after_too_many_even_the_right_code_waits_and_then_works",
    ),
    Threat(
        "A learner acts as the instructor.",
        "`not_allowed`: a learner's connection takes nothing that an instructor may ask for.",
        "test_learners.py::test_a_learner_may_ask_nothing_that_an_instructor_may",
    ),
    Threat(
        "A learner reads how others stand, or what they were told.",
        "A learner's connection is told of one learner: the one who joined on it.",
        "test_learners.py::test_a_learner_hears_of_nobody_else",
    ),
    Threat(
        "An instructor reaches into another class.",
        "A key is for one class; learners of another one are not there.",
        "test_boards.py::test_a_learner_of_another_class_is_out_of_reach",
    ),
    Threat(
        "HTML in a name, in a question, in a cell that is shown.",
        "It stays text, in the database and on the board.",
        "test_classroom_board_in_browser.py::test_names_questions_and_cells_are_shown_as_text",
    ),
    Threat(
        "A name in an export is a formula for a spreadsheet.",
        "An apostrophe before = + - @, a tab or a return makes it text.",
        "test_pages.py::test_a_spreadsheet_takes_no_name_for_a_formula",
    ),
    Threat(
        "Codes and keys are read from a log.",
        "They come in the first frame of a connection, and are in no address.",
        "test_class_live.py::test_nothing_secret_is_in_the_log",
    ),
    Threat(
        "Keys are read from the database.",
        "Only their digests are there: none that opens a board, or joins as somebody else.",
        "test_learners.py::test_the_database_has_no_key_that_opens_anything",
    ),
    Threat(
        "A stranger opens classes.",
        "CLASSROOM_OPEN=local: only on the machine of the server, or logged in there as staff.",
        "test_pages.py::test_who_is_elsewhere_opens_none",
    ),
)
