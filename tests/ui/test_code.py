"""Code in colour stays the same text, and stays text (ui/code.py)."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.ui.code import highlight


@given(st.text(alphabet="ab\"'#@<>& \n=import"))
def test_the_text_is_kept_and_escaped(text: str) -> None:
    html = highlight(text)
    assert unescape(re.sub(r"</?span[^>]*>", "", html)) == text
    assert not re.search(r"<(?!/?span)", html)


def test_colours() -> None:
    assert (
        highlight('from x import "y"  # z')
        == '<span class="w">from</span> x <span class="w">import</span> <span class="s">"y"</span>  <span class="c"># z</span>'
    )
