"""Kinds of values in bodies."""

from typing import Annotated

import pytest

from langfuse_app.core.shapes import WHOLE, StrictBody


class Some(StrictBody):
    whole: Annotated[int, WHOLE]


@pytest.mark.parametrize("given", ["1", True, 1.5, None])
def test_what_is_no_integer(given: object) -> None:
    with pytest.raises(ValueError, match="whole"):
        Some.model_validate({"whole": given})


@pytest.mark.parametrize("given", [1, 1.0])
def test_what_is_an_integer(given: object) -> None:
    assert Some.model_validate({"whole": given}).whole == 1
