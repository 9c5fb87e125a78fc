"""Reading scores, and writing them on the road that every event takes."""

from collections.abc import Sequence
from typing import Any

import msgspec
import orjson

from langfuse_app.core.errors import AppError, NotFoundError, ValidationFailedError
from langfuse_app.core.ids import new_id
from langfuse_app.core.pagination import Page, cut
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import iso_ms, utcnow
from langfuse_app.core.wire import metadata_values
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.scores import repository_clickhouse
from langfuse_app.features.scores.schemas import ScoreCursor, ScoredTrace, ScoreItem, ScoreQuery
from langfuse_app.ingestion.scores import ScoreBody


def list_scores(scope: ProjectScope, query: ScoreQuery) -> Page[ScoreItem]:
    """One page, newest first."""
    rows, total = repository_clickhouse.page(scope, query)
    return Page([_item(row) for row in rows], query.page, query.limit, total)


def list_after(scope: ProjectScope, query: ScoreQuery, cursor: ScoreCursor | None) -> tuple[list[ScoreItem], ScoreCursor | None]:
    """At most `query.limit` scores behind the cursor, and the cursor of the next page (None on the last)."""
    rows = repository_clickhouse.after(scope, query, cursor, query.limit + 1)
    kept, following = cut(rows, query.limit, lambda row: ScoreCursor(row["timestamp"], row["id"]))
    return [_item(row) for row in kept], following


def list_for_trace(scope: ProjectScope, trace_id: str) -> list[ScoreItem]:
    """All scores of a trace and of its observations, oldest first."""
    return [_item(row) for row in repository_clickhouse.of_trace(scope, trace_id)]


def ids_by_trace(scope: ProjectScope, trace_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the scores by trace id; traces without scores are absent."""
    return repository_clickhouse.ids_by_trace(scope, trace_ids) if trace_ids else {}


def traces_of(scope: ProjectScope, items: Sequence[ScoreItem]) -> dict[str, ScoredTrace]:
    """What lists say about the traces of scores, by trace id."""
    ids = sorted({item.trace_id for item in items if item.trace_id})
    found = repository_clickhouse.traces(scope, ids) if ids else {}
    return {
        trace_id: ScoredTrace(row["user_id"] or None, row["tags"], row["environment"], row["session_id"] or None)
        for trace_id, row in found.items()
    }


def get(scope: ProjectScope, score_id: str) -> ScoreItem:
    """One score; NotFoundError when the project has none of that id."""
    row = repository_clickhouse.one(scope, score_id)
    if row is None:
        raise NotFoundError("Score not found within authorized project")
    return _item(row)


async def create(scope: ProjectScope, body: dict[str, Any]) -> str:
    """Accept one score (spec/api.md §4.4); its id. It can be read about a second later.

    ValidationFailedError or InvalidRequestError when it breaks a rule that is known without its config.
    """
    event = _event(body)
    await ingest.submit_one(scope, event)
    return event["body"]["id"]


async def create_many(scope: ProjectScope, bodies: list[Any]) -> tuple[int, list[str]]:
    """Accept many scores, each alone: how many were accepted, and why the others were not (spec/api.md §11)."""
    events: list[dict[str, Any]] = []
    reasons: list[str] = []
    for body in bodies:
        try:
            events.append(_event(body))
        except AppError as error:
            reasons.append(_reason(error))
    if events:
        answer = await ingest.submit(scope, events)
        reasons += [str(error.get("error") or error.get("message")) for error in answer["errors"]]
    return len(bodies) - len(reasons), reasons


def _reason(error: AppError) -> str:
    if isinstance(error, ValidationFailedError):
        return "; ".join(f"{'.'.join(map(str, issue['path']))}: {issue['message']}" for issue in error.issues)
    return error.message


def _event(body: Any) -> dict[str, Any]:
    """The score-create event of a body, checked; an absent id is made here, so that it can be answered."""
    checked = _checked(body)
    if checked.source == "EVAL":
        raise _refused("source", "EVAL is reserved for evaluators")
    if problem := checked.problem():
        raise _refused(*problem)
    full = body | {"id": checked.id or new_id()}
    return {"id": new_id(), "type": "score-create", "timestamp": iso_ms(utcnow()), "body": full}


def _checked(body: Any) -> ScoreBody:
    try:
        return msgspec.json.decode(orjson.dumps(body), type=ScoreBody)
    except (msgspec.ValidationError, TypeError) as error:
        message, _, path = str(error).partition(" - at `")
        raise _refused(path.strip("`$."), message) from error


def _refused(field: str, message: str) -> ValidationFailedError:
    return ValidationFailedError([{"code": "custom", "path": field.split(".") if field else [], "message": message}])


def _item(row: dict[str, Any]) -> ScoreItem:
    return ScoreItem(
        id=row["id"],
        project_id=row["project_id"],
        timestamp=row["timestamp"],
        name=row["name"],
        data_type=row["data_type"],
        value=row["value"],
        string_value=row["long_string_value"] or row["string_value"] or None,
        source=row["source"],
        environment=row["environment"],
        trace_id=row["trace_id"] or None,
        session_id=row["session_id"] or None,
        observation_id=row["observation_id"] or None,
        dataset_run_id=row["dataset_run_id"] or None,
        comment=row["comment"] or None,
        metadata=metadata_values(row["metadata"]),
        author_user_id=row["author_user_id"] or None,
        config_id=row["config_id"] or None,
        queue_id=row["queue_id"] or None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
