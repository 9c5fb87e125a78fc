"""Patterns of users: PostgreSQL's spelling, RE2's engine."""

import time

import pytest

from langfuse_app.ingestion.patterns import InvalidPatternError, PatternSet, check, found, translate


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("(?i)^(gpt-4o)$", "GPT-4O", True),
        ("^gpt-4o$", "GPT-4O", False),
        (r"^claude-\d+$", "claude-3", True),
        ("^claude-[[:digit:]]+$", "claude-3", True),
        (r"\yturbo\y", "gpt turbo x", True),
        (r"\mturbo\M", "gptturbo", False),
        ("[[:<:]]turbo[[:>:]]", "gpt-turbo", True),
        (r"^a\\y$", r"a\y", True),
        (r"turbo\Z", "gpt-turbo", True),
        ("^(a|b){2,3}$", "aba", True),
    ],
)
def test_postgres_spellings_mean_what_they_mean_there(pattern: str, text: str, matches: bool) -> None:
    check(pattern, 200)
    assert found(pattern, True, text) is matches
    assert (PatternSet([pattern]).first(text) is not None) is matches


def test_translation_leaves_other_escapes_alone() -> None:
    assert translate(r"\\m\d\.\y[[:alpha:]]") == r"\\m\d\.\b[[:alpha:]]"


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "cannot be empty"),
        ("a" * 201, "longer than 200"),
        ("(unclosed", "missing"),
        ("[unclosed", "missing"),
        (r"(a)\1", "look-around and back-references"),
        ("(?=a)b", "look-around and back-references"),
        ("((a{100}){100}){10}", "not supported"),
    ],
)
def test_what_cannot_run_is_refused_with_its_reason(pattern: str, says: str) -> None:
    with pytest.raises(InvalidPatternError, match=says):
        check(pattern, 200)
    assert found(pattern or "(", True, "a") is (pattern == "a")


def test_nesting_that_ruins_other_engines_takes_no_time() -> None:
    check("^(a+)+$", 200)
    started = time.perf_counter()
    assert not found("^(a+)+$", True, "a" * 100_000 + "b")
    assert time.perf_counter() - started < 0.5


def test_a_set_answers_the_first_that_matches_and_skips_the_broken() -> None:
    patterns = PatternSet(["^x", "(", "y", "^xy$"])
    assert patterns.invalid == ["("]
    assert [patterns.first(text) for text in ("xy", "y", "z", "")] == [0, 2, None, None]
    assert PatternSet([]).first("x") is None
