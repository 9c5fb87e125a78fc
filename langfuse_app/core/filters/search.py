"""Finding text with the text indexes: substrings of payloads, in every script.

Two indexes stand on each payload column (stores/migrations.py). One has its words as they stand between characters that are
no letters or digits of ASCII; `LIKE` reads its dictionary, but only for a pattern without such characters. The other has the
words of what is not ASCII, where each letter is a word of its own: any piece of a text has all of its letters.
"""

import re
from collections.abc import Sequence

from langfuse_app.core.settings import get_settings
from langfuse_app.core.sql import Conditions

_WORD = re.compile(r"[0-9A-Za-z]+")
_LETTER = re.compile(r"[^\W\x00-\x7f]")
_WIDE = "if(length({0}) = lengthUTF8({0}), '', replaceRegexpAll({0}, '[\\\\x00-\\\\x7F]+', ' '))"
_MOST_WORDS = 16
_SHORTEST = 3


def search(conditions: Conditions, columns: Sequence[str], text: str) -> None:
    """Add: one of these payload columns contains the text as it stands."""
    conditions.add("(" + " OR ".join(contains(conditions, column, text) for column in columns) + ")")


def contains(conditions: Conditions, column: str, text: str) -> str:
    """The condition that a payload column contains the text, in the form that its indexes can answer."""
    conditions.reads_payloads = True
    full = get_settings().LANGFUSE_SEARCH_INDEX == "full"
    parts = [f"hasAllTokens({column}, {conditions.bind(whole, 'Array(String)')})"] if (whole := _whole_words(text)) else []
    parts += [f"{column} LIKE {conditions.bind(f'%{word}%', 'String')}" for word in _edge_words(text)]
    # without its index this expression would be cut into words in another way
    if full and (letters := list(dict.fromkeys(_LETTER.findall(text)))[:_MOST_WORDS]):
        parts.append(f"hasAllTokens({_WIDE.format(column)}, {conditions.bind(letters, 'Array(String)')})")
    parts.append(f"{column} LIKE {conditions.bind(f'%{like(text)}%', 'String')}")
    return "(" + " AND ".join(parts) + ")"


def matches(conditions: Conditions, column: str, text: str) -> str:
    """The condition that a column has all words of the text, in any order: whole words of ASCII, pieces of other scripts."""
    words = list(dict.fromkeys(_WORD.findall(text)))[:_MOST_WORDS]
    parts = [_has_word(conditions, column, word) for word in words]
    parts += [contains(conditions, column, piece) for piece in re.findall(r"[^\x00-\x7f]+", text)[:_MOST_WORDS]]
    return "(" + " AND ".join(parts or [f"{column} != ''"]) + ")"


def _has_word(conditions: Conditions, column: str, word: str) -> str:
    """A word of ASCII by itself; beside Chinese it is no token of the index, so its dictionary finds it as a part of one."""
    alone = conditions.bind(f"(^|[^0-9A-Za-z]){word}($|[^0-9A-Za-z])", "String")
    return f"{column} LIKE {conditions.bind(f'%{word}%', 'String')} AND match({column}, {alone})"


def like(text: str) -> str:
    """The text inside of a LIKE pattern, standing for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _whole_words(text: str) -> list[str]:
    """Words with a character on both sides that ends them: those are whole in every text that contains this one."""
    inner = [found[0] for found in _WORD.finditer(text) if _ends(text, found.start() - 1) and _ends(text, found.end())]
    return list(dict.fromkeys(inner))[:_MOST_WORDS]


def _edge_words(text: str) -> list[str]:
    """The other words, unless the text is one: each a substring of some word of the index. Short ones are in too many."""
    words = [found[0] for found in _WORD.finditer(text) if not (_ends(text, found.start() - 1) and _ends(text, found.end()))]
    return [] if words == [text] else [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST][:_MOST_WORDS]


def _ends(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isascii() and not text[place].isalnum()
