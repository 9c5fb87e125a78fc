"""Values as clients send them → values as the columns hold them (spec/api.md §5.2, §6.4; architecture §4).

Every function is total: whatever a client sends becomes a bounded, storable value.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar, cast

import msgspec

from langfuse_app.core.time import EARLIEST_US, LATEST_LEAD_US
from langfuse_app.ingestion.repair import clean, plain, repair

DEFAULT_ENVIRONMENT = "default"
LEVELS = ("DEBUG", "DEFAULT", "WARNING", "ERROR")

# Metadata is merged leaf by leaf; a value beyond either bound is one leaf and is replaced as a whole.
MAX_DEPTH = 32
MAX_LEAVES = 1_000

MAX_ID = 800  # characters of an id (spec/api.md §5)

_ENVIRONMENT = re.compile(r"[a-z0-9_-]+")
_RESERVED_PREFIX = re.compile(r"(?:langfuse[-_]?)+")
_MAX_COUNT = 2**63 - 1
_MAX_COST = Decimal(999_999)  # Decimal(18, 12) holds six digits before the point
_COST_STEP = Decimal("0.000000000001")
Kept = TypeVar("Kept")
_decode = msgspec.json.decode
_encode = msgspec.json.Encoder(enc_hook=str).encode


def environment(value: object) -> str:
    """The environment's name as §5.2 makes it; never an error, `default` when nothing valid is left."""
    if not isinstance(value, str):
        return DEFAULT_ENVIRONMENT
    lowered = value.lower()
    prefix = _RESERVED_PREFIX.match(lowered)
    name = (lowered[prefix.end() :] if prefix else lowered)[:40]
    return name if _ENVIRONMENT.fullmatch(name) else DEFAULT_ENVIRONMENT


def json_text(value: object) -> str:
    """Compact JSON; NaN and Infinity become null, as JSON has none."""
    try:
        return clean(_encode(value).decode())
    except (RecursionError, UnicodeEncodeError, ValueError, OverflowError, TypeError):
        return clean(_encode(plain(value)).decode())


def text(value: object) -> str:
    """A payload as stored: a string as it is, nothing for None, everything else as compact JSON."""
    if value is None:
        return ""
    return clean(value) if isinstance(value, str) else json_text(value)


def raw_text(raw: bytes) -> str:
    """`text` of a value that is still JSON; objects and arrays are never built unless they hold \\u escapes."""
    if not raw or raw == b"null":
        return ""
    try:
        if raw[0] == 0x22:
            return clean(_decode(raw, type=str))
        if b"\\u" in raw:  # stored text is searched, so "\u00e9" has to read "é"
            return json_text(_decode(raw))
        return msgspec.json.format(raw, indent=-1).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text(raw_value(raw))


def raw_value(raw: bytes) -> Any:
    """The Python value of a JSON text, built even when numbers, depth or escapes are beyond the fast decoder."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode(repair(raw))


def clamp(us: int, received_at: int) -> tuple[int, bool]:
    """The time moved into [2000-01-01, received_at + 1 day] (µs), and whether it was moved."""
    moved = min(max(us, EARLIEST_US), received_at + LATEST_LEAD_US)
    return moved, moved != us


def level(value: object) -> str:
    """One of DEBUG, DEFAULT, WARNING, ERROR; DEFAULT for everything else."""
    name = value.upper() if isinstance(value, str) else ""
    return name if name in LEVELS else "DEFAULT"


def tags(value: object) -> list[str]:
    """Sorted unique texts of a list; nothing for anything else."""
    if not isinstance(value, list | tuple):
        return []
    return sorted({text(tag) for tag in cast("Iterable[object]", value) if tag is not None} - {""})


def count(value: object) -> int | None:
    """A non-negative integer given as int, whole float or decimal string; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        stripped = value.strip()
        value = int(stripped) if stripped.isdecimal() and len(stripped) < 20 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value <= _MAX_COUNT else None


def cost(value: object) -> Decimal | None:
    """A non-negative amount in USD with twelve digits after the point; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        amount = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
        return amount.quantize(_COST_STEP) if 0 <= amount <= _MAX_COST else None
    except InvalidOperation:  # NaN
        return None


def positive_counts(value: Mapping[str, object]) -> dict[str, int]:
    """Token counts by usage key; what is not a non-negative integer is dropped."""
    return _kept(value, count)


def costs(value: Mapping[str, object]) -> dict[str, Decimal]:
    """Amounts by usage key; what is not a number ≥ 0 is dropped."""
    return _kept(value, cost)


def _kept(value: Mapping[str, object], convert: Callable[[object], Kept | None]) -> dict[str, Kept]:
    return {clean(key): kept for key, item in value.items() if (kept := convert(item)) is not None}


def model_parameters(value: object) -> str:
    """A JSON object text of numbers and strings (other values as JSON text, nulls left out); '' when empty."""
    if not isinstance(value, dict):
        return ""
    parameters = {
        clean(str(key)): item if _is_number(item) else text(item)
        for key, item in cast("dict[object, object]", value).items()
        if item is not None
    }
    return json_text(parameters) if parameters else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and is_double(value)


def is_double(value: float) -> bool:
    """Whether a finite double can hold the number; whole numbers may have any length."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def metadata_record(value: object) -> Mapping[str, object]:
    """Metadata as an object: §7 puts text, numbers, booleans and arrays under the key `metadata`."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    return {"metadata": text(value)}


def metadata_map(value: object) -> dict[str, str]:
    """Top-level key → text as stored (strings raw, the rest as JSON)."""
    return {clean(str(key)): _top_text(item) for key, item in metadata_record(value).items()}


def _top_text(value: object) -> str:
    return "null" if value is None else text(value)


# --- metadata by leaf ---------------------------------------------------------------------------
# A path names a leaf: segments joined by "/", array positions written "#0"; "~0", "~1", "~2", "~3" stand for
# "~", "/", a leading "#" and the empty key. The leaf is JSON text; empty objects and arrays are leaves too, and
# a leaf that is a filled object or array is one beyond MAX_DEPTH or MAX_LEAVES.


def metadata_leaves(value: object) -> dict[str, str]:
    """Leaf path → JSON text of the leaf."""
    leaves: dict[str, str] = {}
    for key, item in metadata_record(value).items():
        leaves.update(value_leaves(segment(clean(str(key))), clean(item) if isinstance(item, str) else item))
    return leaves


def value_leaves(path: str, value: object) -> dict[str, str]:
    """The leaves of one value under `path`, or the value as one leaf when it is too deep or too wide."""
    leaves: dict[str, str] = {}
    return leaves if _collect(path, value, MAX_DEPTH, leaves) else {path: json_text(value)}


def _collect(path: str, value: object, depth: int, leaves: dict[str, str]) -> bool:
    """Fill `leaves`; False when a bound is passed."""
    children = _children(value)
    if not children:
        leaves[path] = json_text(value)
        return len(leaves) <= MAX_LEAVES
    return depth > 0 and all(_collect(f"{path}/{name}", item, depth - 1, leaves) for name, item in children)


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [(segment(clean(str(key))), item) for key, item in cast("dict[object, object]", value).items()]
    if isinstance(value, list | tuple):
        return [(f"#{index}", item) for index, item in enumerate(cast("Iterable[object]", value))]
    return []


def segment(key: str) -> str:
    """A key as one path segment."""
    if "~" in key or "/" in key:
        key = key.replace("~", "~0").replace("/", "~1")
    if key.startswith("#"):
        return "~2" + key[1:]
    return key or "~3"


def unsegment(name: str) -> str:
    """The key that a path segment names."""
    if "~" not in name:
        return name
    if name == "~3":
        return ""
    key = "#" + name[2:] if name.startswith("~2") else name
    return key.replace("~1", "/").replace("~0", "~")


def leaf_text(leaf: str) -> str:
    """A top-level leaf as the metadata column holds it: strings raw, the rest as JSON."""
    return _decode(leaf, type=str) if leaf.startswith('"') else leaf


def leaves_to_map(leaves: Mapping[str, str]) -> dict[str, str]:
    """Top-level key → text, put together from leaves of one value (no conflicting paths)."""
    result: dict[str, str] = {}
    nested: dict[str, dict[str, str]] = {}
    for path, leaf in leaves.items():
        top, slash, rest = path.partition("/")
        if slash:
            nested.setdefault(top, {})[rest] = leaf
            result.setdefault(unsegment(top), "")  # keeps the order of keys
        else:
            result[unsegment(top)] = leaf_text(leaf)
    for top, inner in nested.items():
        result[unsegment(top)] = _joined(inner)
    return result


def _joined(leaves: Mapping[str, str]) -> str:
    """The JSON text of an object or array from the leaves below it."""
    groups: dict[str, dict[str, str]] = {}
    for path, leaf in leaves.items():
        head, _, rest = path.partition("/")
        groups.setdefault(head, {})[rest] = leaf
    return container_text({head: inner[""] if "" in inner else _joined(inner) for head, inner in groups.items()})


def container_text(children: Mapping[str, str]) -> str:
    """JSON text of children by segment: an array when the segments are positions, else an object."""
    if next(iter(children), "").startswith("#"):
        ordered = sorted(children.items(), key=lambda child: int(child[0][1:]))
        return "[" + ",".join(leaf for _, leaf in ordered) + "]"
    return "{" + ",".join(f"{json_text(unsegment(name))}:{leaf}" for name, leaf in children.items()) + "}"
