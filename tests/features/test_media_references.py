"""References to media inside of JSON: every one is found, and its path leads back to it as the SDKs walk it."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.features.media.references import find_references

ID = "AbC-_9xyzAbC-_9xyzAbC0"
REFERENCE = f"@@@langfuseMedia:type=image/png|id={ID}|source=bytes@@@"
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just(REFERENCE), st.just(f"see {REFERENCE}"))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=30
)
_STEP = re.compile(r"\['(?P<key>.*?)'\]|\[(?P<place>\d+)\]", re.DOTALL)


def walk(value: Any, path: str) -> Any:
    """The node at a path, read as the SDKs read it: a key ends at the first `']`."""
    assert path.startswith("$")
    for step in _STEP.finditer(path[1:]):
        value = value[step["key"]] if step["place"] is None else value[int(step["place"])]
    return value


def count(value: Any) -> int:
    """References that a path can name."""
    if isinstance(value, list):
        return sum(count(part) for part in value)
    if isinstance(value, dict):
        return sum(count(part) for key, part in value.items() if "']" not in key)
    return value == REFERENCE


@given(VALUES)
def test_paths_lead_to_their_references(value: Any) -> None:
    found = find_references({"input": value, "metadata": None})
    assert len(found) == count(value)
    for one in found:
        assert (one.field, one.text, one.media_id) == ("input", REFERENCE, ID)
        assert walk(value, one.json_path) == REFERENCE


def test_what_only_looks_like_a_reference() -> None:
    for text in (REFERENCE[:-1], REFERENCE.replace(ID, "short"), REFERENCE.replace("bytes", ""), REFERENCE + "\n", ""):
        assert find_references({"input": text}) == []


def test_the_depth_is_bounded() -> None:
    value: Any = REFERENCE
    for _ in range(100_000):
        value = [value]
    assert find_references({"input": value}) == []
