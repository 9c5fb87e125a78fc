"""Reading traces: rows from the traces table, sums from their observations, scores beside them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.ids import given_or_new, new_id
from langfuse_app.core.lazy import each
from langfuse_app.core.pagination import LazyPage, Page
from langfuse_app.core.scopes import ProjectScope, Role, UserScope
from langfuse_app.core.time import MICROSECOND, iso_ms, utcnow
from langfuse_app.core.wire import metadata_values
from langfuse_app.features.audit import service as audit
from langfuse_app.features.comment_filters import service as comment_filters
from langfuse_app.features.ingest import service as ingest
from langfuse_app.features.observations import service as observations
from langfuse_app.features.observations.schemas import ObservationItem, ObservationNode
from langfuse_app.features.observations.service import TraceSums
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.scores import service as scores
from langfuse_app.features.traces import repository, repository_clickhouse
from langfuse_app.features.traces.schemas import ALL_FIELDS, FullTrace, TraceFields, TraceItem, TraceQuery, VolumeBucket
from langfuse_app.stores.postgres import transaction


def list_traces(scope: ProjectScope, query: TraceQuery, fields: frozenset[TraceFields] = ALL_FIELDS) -> LazyPage[TraceItem]:
    """One page of traces with the groups of fields asked for. Items of a large page are read while they are taken."""
    query = _resolved(scope, query)
    payloads = repository_clickhouse.PAYLOADS if TraceFields.IO in fields else ""
    found = repository_clickhouse.page(scope, query, payloads)
    ids = [row["id"] for row in found.keys]
    sums: dict[str, TraceSums] = {}
    if fields & {TraceFields.METRICS, TraceFields.OBSERVATIONS}:
        sums = observations.sums(scope, ids, with_ids=TraceFields.OBSERVATIONS in fields)
    score_ids = scores.ids_by_trace(scope, ids) if TraceFields.SCORES in fields else {}
    items = each(lambda row: _item(row, sums.get(row["id"]), score_ids.get(row["id"], [])), found.rows)
    return LazyPage(items, query.page, query.limit, _total(scope, query, len(ids)))


def list_trace_previews(scope: ProjectScope, query: TraceQuery) -> Page[TraceItem]:
    """One page for tables: input, output and metadata values cut to 200 characters, no lists of ids."""
    query = _resolved(scope, query)
    rows = list(repository_clickhouse.page(scope, query, repository_clickhouse.PREVIEWS).rows)
    sums = observations.sums(scope, [row["id"] for row in rows])
    items = [_item(row, sums.get(row["id"]), []) for row in rows]
    return Page(items, query.page, query.limit, _total(scope, query, len(rows)))


def _resolved(scope: ProjectScope, query: TraceQuery) -> TraceQuery:
    return replace(query, filters=comment_filters.resolved(scope, "TRACE", query.filters)) if query.filters else query


def _total(scope: ProjectScope, query: TraceQuery, seen: int) -> int:
    """A short page tells the total by itself."""
    if 0 < seen < query.limit or (query.page == 1 and seen == 0):
        return query.offset + seen
    return repository_clickhouse.count(scope, query)


def get_trace(scope: ProjectScope, trace_id: str) -> TraceItem:
    """One trace with its payloads and sums; NotFoundError when the project has none of that id."""
    row = _row(scope, trace_id)
    return _item(row, observations.sums(scope, [trace_id]).get(trace_id), [])


def get_full_trace(scope: ProjectScope, trace_id: str, fields: frozenset[TraceFields] = ALL_FIELDS) -> FullTrace:
    """One trace with its observations and scores, as far as asked for; NotFoundError as get_trace.

    The observations of a large trace are read while they are taken.
    """
    row = _row(scope, trace_id)
    scored = scores.list_for_trace(scope, trace_id) if TraceFields.SCORES in fields else []
    found: Iterable[ObservationItem] = []
    sums: TraceSums | None = None
    if TraceFields.OBSERVATIONS in fields:
        sums, found = observations.of_trace(scope, trace_id)
    elif TraceFields.METRICS in fields:
        sums = observations.sums(scope, [trace_id]).get(trace_id)
    item = _item(row, sums, [])
    return FullTrace(
        trace=item if TraceFields.IO in fields else replace(item, input=None, output=None, metadata=None),
        observations=found,
        scores=scored,
    )


def get_tree(scope: ProjectScope, trace_id: str) -> list[ObservationNode]:
    """The observations of a trace without payloads, by start and id; empty for a trace that is not there."""
    return observations.nodes(scope, trace_id)


def list_for_session(scope: ProjectScope, session_id: str) -> Iterable[TraceItem]:
    """All traces of a session with payloads, oldest first, without sums. Large ones are read while they are taken."""
    return each(lambda row: _item(row, None, []), repository_clickhouse.of_session(scope, session_id))


def volume(scope: ProjectScope, query: TraceQuery, buckets: int = 60) -> list[VolumeBucket]:
    """Traces per slice of the query's time range, empty slices included; an open end is where the data ends."""
    query = _resolved(scope, query)
    ends = _ends(scope, query)
    if ends is None:
        return []
    start, end = ends
    width = -(-int((end - start).total_seconds() * MICROSECOND) // buckets)
    found = {row["slot"]: row for row in repository_clickhouse.volume(scope, query, start, end, width)}
    starts = [start + timedelta(microseconds=width * slot) for slot in range(buckets)]
    return [VolumeBucket(moment, *_counts(found.get(slot))) for slot, moment in enumerate(starts)]


def _ends(scope: ProjectScope, query: TraceQuery) -> tuple[datetime, datetime] | None:
    """The time range of a query; None when it is empty."""
    start, end = query.from_time, query.to_time
    if start is None or end is None:
        seen = repository_clickhouse.first_and_last(scope, query)
        if seen is None:
            return None
        start, end = start or seen[0], end or seen[1] + timedelta(milliseconds=1)
    return (start, end) if start < end else None


def _counts(row: dict[str, Any] | None) -> tuple[int, int]:
    return (row["traces"], row["errors"]) if row else (0, 0)


def set_bookmark(scope: ProjectScope, trace_id: str, bookmarked: bool) -> None:
    """Set or clear a person's bookmark; it holds against later events. NotFoundError as get_trace, ForbiddenError for viewers."""
    scope.require(Role.MEMBER)
    with transaction():
        if not repository.set_bookmark(scope, trace_id, bookmarked):
            raise _missing(trace_id)
        audit.record(scope, "update", "trace", trace_id, after={"bookmarked": bookmarked})
    repository_clickhouse.copy_bookmark(scope, trace_id, bookmarked)


async def create(scope: ProjectScope, body: Any) -> str:
    """Accept one trace on the road that every event takes; its id. InvalidRequestError when its fields are wrong."""
    if not isinstance(body, dict):
        raise InvalidRequestError("A trace is a JSON object")
    full: dict[str, Any] = body | {"id": given_or_new(body.get("id"))}
    event = {"id": new_id(), "type": "trace-create", "timestamp": iso_ms(utcnow()), "body": full}
    await ingest.submit_one(scope, event)
    return full["id"]


def project_of(user: UserScope, trace_id: str) -> str:
    """The project, among those of the person, that has the trace; NotFoundError when none has."""
    projects = [membership.project_id for membership in organizations.memberships(user.user_id)]
    found = repository.project_of(trace_id, projects)
    if found is None:
        raise _missing(trace_id)
    return found


def _row(scope: ProjectScope, trace_id: str) -> dict[str, Any]:
    row = repository_clickhouse.one(scope, trace_id)
    if row is None:
        raise _missing(trace_id)
    return row


def _missing(trace_id: str) -> NotFoundError:
    return NotFoundError(f"Trace {trace_id} not found within authorized project")


def _item(row: dict[str, Any], sums: TraceSums | None, score_ids: list[str]) -> TraceItem:
    known = sums or TraceSums()
    metadata = row.get("metadata", row.get("metadata_preview"))
    return TraceItem(
        id=row["id"],
        timestamp=row["timestamp"],
        name=row["name"] or None,
        user_id=row["user_id"] or None,
        session_id=row["session_id"] or None,
        release=row["release"] or None,
        version=row["version"] or None,
        environment=row["environment"],
        tags=row["tags"],
        public=row["public"],
        bookmarked=row["bookmarked"],
        input=row.get("input", row.get("input_preview")) or None,
        output=row.get("output", row.get("output_preview")) or None,
        metadata=None if metadata is None else metadata_values(metadata),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        observation_ids=known.ids,
        score_ids=score_ids,
        observation_count=known.observations,
        error_count=known.errors,
        warning_count=known.warnings,
        debug_count=known.debugs,
        latency=known.latency,
        input_tokens=known.input_tokens,
        output_tokens=known.output_tokens,
        total_tokens=known.total_tokens,
        input_cost=known.input_cost,
        output_cost=known.output_cost,
        total_cost=known.total_cost,
    )
