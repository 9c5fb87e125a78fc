"""Regular expressions that come from users: POSIX as PostgreSQL writes it, run by RE2 in linear time (no backtracking)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import re2

# google-re2 carries no types; everything of it that is used goes through this module.
_re2 = cast(Any, re2)

_MEMORY = 1 << 20  # bytes one pattern's automaton may take
_SET_MEMORY = 16 << 20
# Escapes and classes that PostgreSQL has and RE2 spells differently; \m and \M are the two sides of a word.
_SPELLINGS = {r"\y": r"\b", r"\m": r"\b", r"\M": r"\b", r"\Y": r"\B", r"\Z": r"\z", "[[:<:]]": r"\b", "[[:>:]]": r"\b"}


class InvalidPatternError(ValueError):
    """A pattern that RE2 cannot run; the text says why."""


def _options(memory: int, case_sensitive: bool = True) -> Any:
    options = _re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.case_sensitive = case_sensitive
    return options


def translate(pattern: str) -> str:
    """The pattern in RE2's spelling; an escaped backslash is left alone."""
    result: list[str] = []
    position = 0
    while position < len(pattern):
        for length in (7, 2):
            found = _SPELLINGS.get(pattern[position : position + length])
            if found:
                result.append(found)
                position += length
                break
        else:
            step = 2 if pattern[position] == "\\" else 1
            result.append(pattern[position : position + step])
            position += step
    return "".join(result)


def check(pattern: str, longest: int) -> None:
    """InvalidPatternError unless the pattern has 1…`longest` characters and RE2 can run it within its memory bound."""
    if not pattern:
        raise InvalidPatternError("Pattern cannot be empty")
    if len(pattern) > longest:
        raise InvalidPatternError(f"Pattern is longer than {longest} characters")
    try:
        _re2.compile(translate(pattern), _options(_MEMORY))
    except _re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise InvalidPatternError(f"Pattern is not supported: {reason} (look-around and back-references do not exist here)") from error


@lru_cache(maxsize=8192)
def found(pattern: str, case_sensitive: bool, text: str) -> bool:
    """Whether the pattern occurs in a short text; a pattern that cannot run occurs nowhere."""
    compiled = _compiled(pattern, case_sensitive)
    return compiled is not None and compiled.search(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str, case_sensitive: bool) -> Any | None:
    try:
        return _re2.compile(translate(pattern), _options(_MEMORY, case_sensitive))
    except _re2.error:
        return None


class PatternSet:
    """Many patterns tried in one pass. `invalid` holds those that RE2 refused (they never match)."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.invalid: list[str] = []
        self._places: list[int] = []
        self._set = _re2.Set.SearchSet(_options(_SET_MEMORY))
        for place, pattern in enumerate(patterns):
            self._add(place, pattern)
        self._set.Compile()

    def _add(self, place: int, pattern: str) -> None:
        try:
            self._set.Add(translate(pattern))
        except _re2.error:
            self.invalid.append(pattern)
        else:
            self._places.append(place)

    def first(self, text: str) -> int | None:
        """The lowest index among the patterns that match, or None."""
        hits = self._set.Match(text) if self._places else None
        return min(self._places[hit] for hit in hits) if hits else None
