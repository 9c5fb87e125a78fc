"""The front matter of a SKILL.md: whatever stands there is read as JSON, or refused with a reason."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.core.errors import InvalidRequestError
from langfuse_app.features.skills.front_matter import front_matter

YAML = st.text(st.sampled_from("ab:-[]{}&*!|>'\"#,?%@` \n\t0.eE~\\Ü\x85\x07"), max_size=60)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab: Ü\n'\"", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3),
    max_leaves=9,
)


def document(fields: str) -> str:
    return f"---\nname: a\ndescription: b\n{fields}\n---\nbody"


@given(YAML)
def test_it_is_json_or_refused(text: str) -> None:
    for whole in (text, document(text), document(f"x: {text}")):
        with suppress(InvalidRequestError):
            found = front_matter(whole)
            assert json.loads(json.dumps(found.fields, allow_nan=False)) == found.fields
            assert found.fields["name"].strip() == found.name


@given(PLAIN)
def test_json_is_yaml(value: object) -> None:
    assert front_matter(document(f"x: {json.dumps(value)}")).fields["x"] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("2026-01-01", "2026-01-01"), ("010", "010"), ("1:30", "1:30"), ("true", True), ("'true'", "true"), ("~", None), ("", None),
        ("1e3", 1000.0), (".5", 0.5), ("-7", -7), ("1_000", "1_000"), (".inf", ".inf"), ("0x1F", "0x1F"), ("a b # c", "a b"),
        ("|\n  two\n  lines", "two\nlines\n"), ("12345678901234567890", 12345678901234567890.0),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(text: str, value: object) -> None:
    found = front_matter(document(f"x: {text}")).fields["x"]
    assert (found, type(found)) == (value, type(value))


def test_line_ends_and_what_follows() -> None:
    assert front_matter("---\r\nname: a\r\ndescription: b\r\n---\r\nrest").fields == {"name": "a", "description": "b"}
    assert front_matter("--- \nname: a\ndescription: b\n---").description == "b"
    assert front_matter("---\nname: a\ndescription: >\n  b\n  --- c\n---\n---\n").description == "b --- c"
