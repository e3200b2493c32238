"""Codes that people type, keys, and names."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classroom import codes, names


def test_a_code_is_eight_characters_that_nobody_takes_for_others() -> None:
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET) == 31
    assert not set(codes.ALPHABET) & set("01ILO")
    made = {codes.new_code() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch(f"[{codes.ALPHABET}]{{8}}", code) for code in made)
    assert set("".join(made)) == set(codes.ALPHABET)


@pytest.mark.parametrize("typed", ["K7PM-2QXR", "k7pm2qxr", " K7PM 2QXR\n", "k7-pm-2q-xr"])
def test_case_blanks_and_hyphens_do_not_matter(typed: str) -> None:
    assert codes.normal(typed) == "K7PM2QXR"


@pytest.mark.parametrize(
    "typed", ["", "K7PM-2QX", "K7PM-2QXRR", "K7PM-2QX0", "K7PM-2QXÄ", "ı7PM2QXR"]
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert codes.normal(typed) is None


def test_a_code_is_spelled_in_two_groups() -> None:
    assert codes.spelled("K7PM2QXR") == "K7PM-2QXR"


def test_a_key_is_long_and_only_its_digest_is_kept() -> None:
    key = codes.new_key()
    assert re.fullmatch("[A-Za-z0-9_-]{43}", key)
    assert re.fullmatch("[0-9a-f]{64}", codes.digest(key))
    assert codes.is_same(codes.digest(key), codes.digest(key))
    assert not codes.is_same(codes.digest(key), codes.digest(codes.new_key()))


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("ana", "ana"),
        ("  ana \t maria\n", "ana maria"),
        ("<b>ana</b> & co", "<b>ana</b> & co"),
        ("=1+1", "=1+1"),
        ("an\x00a\x1b[31m", "ana[31m"),
        ("\u202eana\u2066", "ana"),
        ("a\u200bna\ufeff", "ana"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("张伟", "张伟"),
        ("x" * 50, "x" * 40),
        ("\u200d\u202e\u00ad", ""),
        ("   ", ""),
    ],
)
def test_a_name_is_text_that_can_be_read(given_name: str, kept: str) -> None:
    assert names.cleaned(given_name) == kept


def test_a_taken_name_gets_a_number() -> None:
    assert names.free("ana", set()) == "ana"
    assert names.free("Ana", {"ana"}) == "Ana (2)"
    assert names.free("ana", {"ana", "ana (2)"}) == "ana (3)"
    assert names.free("ａｎａ", {"ana"}) == "ａｎａ (2)"  # as wide as a Chinese character


@given(st.text(max_size=60))
def test_a_cleaned_name_stays_as_it_is(text: str) -> None:
    once = names.cleaned(text)
    assert names.cleaned(once) == once
    assert len(once) <= names.LONGEST
