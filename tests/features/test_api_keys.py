"""What a narrowed key may do: properties of the rule, over every combination (core/scopes.py, Right)."""

from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.core.errors import ForbiddenError
from langfuse_app.core.scopes import Access, Right
from langfuse_app.features.api_keys import service
from langfuse_app.features.api_keys.service import Asked

RIGHTS = st.frozensets(st.sampled_from(Right))
PATHS = ["/ingestion", "/otel/v1/traces", "/scores", "/scores/x", "/media", "/traces", "/models", "/projects", "/v2/prompts"]
ASKED = st.builds(
    Asked,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.sampled_from([f"/api/public{path}" for path in PATHS]),
    allow_scores_only=st.booleans(),
)
ORDER = (None, Access.SCORES, Access.PROJECT)


def access(rights: frozenset[Right], asked: Asked) -> Access | None:
    try:
        return service._rights(rights, asked)
    except ForbiddenError:
        return None


@given(ASKED)
def test_a_key_without_rights_may_do_everything(asked: Asked) -> None:
    assert access(frozenset(), asked) is Access.PROJECT


@given(RIGHTS.filter(bool), RIGHTS.filter(bool), ASKED)
def test_more_rights_never_allow_less(some: frozenset[Right], more: frozenset[Right], asked: Asked) -> None:
    assert ORDER.index(access(some, asked)) <= ORDER.index(access(some | more, asked))


@given(ASKED)
def test_readers_change_nothing_and_senders_read_nothing(asked: Asked) -> None:
    reads = asked.method in ("GET", "HEAD")
    assert (access(frozenset({Right.READ}), asked) is not None) == reads
    if reads:
        assert access(frozenset({Right.INGEST, Right.SCORES}), asked) is None


@given(RIGHTS.filter(bool), ASKED)
def test_a_narrowed_key_deletes_nothing(rights: frozenset[Right], asked: Asked) -> None:
    if asked.method == "DELETE":
        assert access(rights, asked) in (None, Access.SCORES)


@given(ASKED)
def test_score_writers_write_scores_alone(asked: Asked) -> None:
    allowed = access(frozenset({Right.SCORES}), asked)
    assert allowed in (None, Access.SCORES)
    assert (allowed is not None) == (asked.allow_scores_only and asked.method not in ("GET", "HEAD"))
