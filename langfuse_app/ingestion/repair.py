"""JSON that the fast decoder refuses but a client meant: made valid, so that one odd value harms nothing else.

NaN and Infinity become null; what lies deeper than MAX_NESTING becomes a string holding its JSON text; lone
surrogate escapes and bytes that are not UTF-8 become U+FFFD; numbers beyond a double become strings.
"""

import math
import re
from typing import Any, cast

import msgspec

MAX_NESTING = 200
_MAX_DIGITS = 300
# A string without an end reaches to the end of the text: looking for its end from every quote would be quadratic.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]|-?Infinity|NaN|-?[0-9][0-9.eE+-]*', re.DOTALL)
_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL)
REPLACEMENT = "\ufffd"
_SURROGATES = re.compile("[\ud800-\udfff]")
_RAW_CONTROL = re.compile(r"[\x00-\x1f]")


def clean(value: str) -> str:
    """The text with what no store can hold (NUL, lone surrogates) replaced by U+FFFD."""
    if "\x00" in value:
        value = value.replace("\x00", REPLACEMENT)
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACEMENT, value)
    return value


def repair(raw: bytes) -> bytes:
    """The same JSON in a form every decoder takes; the same bytes always give the same result."""
    source = bytes(raw).decode("utf-8", "replace")
    out: list[str] = []
    depth, done, cut = 0, 0, 0
    for token in _TOKEN.finditer(source):
        start, end = token.span()
        first = source[start]
        depth += (first in "[{") - (first in "]}")
        if first in "[{" and depth == MAX_NESTING + 1:
            out.append(source[done:start])
            cut = done = start
        elif first in "]}" and depth == MAX_NESTING:
            out.append(msgspec.json.encode(source[cut:end]).decode())
            done = end
        elif depth <= MAX_NESTING and first not in "[{]}":
            out += [source[done:start], _repaired(token.group())]
            done = end
    out.append(source[done:])
    return "".join(out).encode("utf-8", "replace")


def _repaired(token: str) -> str:
    if token[0] == '"':
        return _RAW_CONTROL.sub(_control, _ESCAPE.sub(_escape, token))
    if token[-1] in "yN":  # Infinity, NaN
        return "null"
    return token if _representable(token) else f'"{token}"'


def _escape(match: re.Match[str]) -> str:
    escape = match.group()
    return "\\ufffd" if escape[:2] == "\\u" and len(escape) == 6 else escape


def _control(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _representable(number: str) -> bool:
    try:
        return len(number) <= _MAX_DIGITS and math.isfinite(float(number))
    except ValueError:
        return True  # malformed: the decoder says where


def plain(value: Any, depth: int = MAX_NESTING) -> Any:
    """A copy that JSON can hold: keys as text, finite numbers, no deeper than `depth`, no lone surrogates."""
    if isinstance(value, dict | list | tuple):
        return _plain_container(cast("dict[object, Any] | list[Any]", value), depth - 1) if depth else "…"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else clean(str(value))


def _plain_container(value: dict[object, Any] | list[Any], depth: int) -> Any:
    if isinstance(value, dict):
        return {clean(str(key)): plain(item, depth) for key, item in value.items()}
    return [plain(item, depth) for item in value]
