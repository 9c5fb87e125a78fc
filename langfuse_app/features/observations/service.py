"""Reading observations."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from langfuse_app.core.errors import NotFoundError
from langfuse_app.core.lazy import each
from langfuse_app.core.pagination import LazyPage, cut
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import to_us
from langfuse_app.core.wire import metadata_values
from langfuse_app.features.comment_filters import service as comment_filters
from langfuse_app.features.observations import repository, repository_clickhouse
from langfuse_app.features.observations.schemas import ObservationCursor, ObservationItem, ObservationNode, ObservationQuery

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TraceSums:
    """What the observations of one trace add up to. latency in seconds, costs in USD, None where nothing has a cost."""

    observations: int = 0
    errors: int = 0
    warnings: int = 0
    debugs: int = 0
    latency: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_cost: float | None = None
    output_cost: float | None = None
    total_cost: float | None = None
    ids: list[str] = field(default_factory=list[str])


def get(scope: ProjectScope, observation_id: str, trace_id: str | None = None) -> ObservationItem:
    """One observation with everything known about it; NotFoundError when the project has none of that id."""
    span = repository.window(scope, [trace_id]) if trace_id else None
    row = repository_clickhouse.one(scope, observation_id, trace_id, span)
    if row is None:
        raise NotFoundError(f"Observation {observation_id} not found within authorized project")
    [item] = _with_traces(scope, [row], [row])
    return item


def list_observations(scope: ProjectScope, query: ObservationQuery) -> LazyPage[ObservationItem]:
    """One page, newest first. Items of a large page are read while they are taken."""
    found, total = repository_clickhouse.page(scope, _resolved(scope, query))
    return LazyPage(each(_item, found.rows), query.page, query.limit, total)


def _resolved(scope: ProjectScope, query: ObservationQuery) -> ObservationQuery:
    return replace(query, filters=comment_filters.resolved(scope, "OBSERVATION", query.filters)) if query.filters else query


def list_after(
    scope: ProjectScope, query: ObservationQuery, cursor: ObservationCursor | None, *, io: bool = True, metadata: bool = True
) -> tuple[Iterable[ObservationItem], ObservationCursor | None]:
    """At most `query.limit` observations behind the cursor, and the cursor of the next page (None on the last).

    Their user, session, tags and flags are those of their traces. Payloads are None or empty where not asked for.
    Items of a large page are read while they are taken.
    """
    wanted = repository_clickhouse.columns(io=io, metadata=metadata)
    found = repository_clickhouse.after(scope, _resolved(scope, query), cursor, wanted, query.limit + 1)
    kept, following = cut(found.keys, query.limit, lambda row: ObservationCursor(row["start_time"], row["trace_id"], row["id"]))
    rows = kept if found.rows is found.keys else islice(found.rows, len(kept))
    return _with_traces(scope, kept, rows), following


def of_trace(scope: ProjectScope, trace_id: str) -> tuple[TraceSums | None, Iterable[ObservationItem]]:
    """All observations of a trace with payloads, by start, and what they add up to (None without any).

    Those of a large trace are read while they are taken.
    """
    rows = repository_clickhouse.of_trace(scope, trace_id, repository.window(scope, [trace_id]))
    known = _summed(rows) if isinstance(rows, list) else sums(scope, [trace_id]).get(trace_id)
    return known, each(_item, rows)


def nodes(scope: ProjectScope, trace_id: str) -> list[ObservationNode]:
    """All observations of a trace without payloads, by start and id."""
    rows = repository_clickhouse.nodes(scope, trace_id, repository.window(scope, [trace_id]))
    return [_node(row) for row in rows]


def sums(scope: ProjectScope, trace_ids: Sequence[str], *, with_ids: bool = False) -> dict[str, TraceSums]:
    """Counts, latency, tokens and costs by trace id; traces without observations are absent."""
    if not trace_ids:
        return {}
    span = repository.window(scope, trace_ids)
    rows = repository_clickhouse.sums(scope, trace_ids, span, with_ids=with_ids)
    return {row["trace_id"]: _sums(row) for row in rows}


def _summed(rows: Sequence[Row]) -> TraceSums | None:
    """The same as `sums` for one trace whose observations are already here; None without any."""
    if not rows:
        return None
    levels = Counter(row["level"] for row in rows)
    start, end = min(row["start_time"] for row in rows), max(row["end_time"] or row["start_time"] for row in rows)
    return _sums(
        {
            "observations": len(rows),
            "errors": levels["ERROR"],
            "warnings": levels["WARNING"],
            "debugs": levels["DEBUG"],
            "latency_us": to_us(end) - to_us(start),
            "input_tokens": sum(_reduced(row["usage_details"], "input") or 0 for row in rows),
            "output_tokens": sum(_reduced(row["usage_details"], "output") or 0 for row in rows),
            "total_tokens": sum(row["usage_details"].get("total", 0) for row in rows),
            "input_cost": _added(_reduced(row["cost_details"], "input") for row in rows),
            "output_cost": _added(_reduced(row["cost_details"], "output") for row in rows),
            "total_cost": _added(row["total_cost"] for row in rows),
        }
    )


def _added(costs: Iterable[Decimal | None]) -> Decimal | None:
    """The exact sum of what is known, None when nothing is."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal()) if known else None


def _with_traces(scope: ProjectScope, keys: Sequence[Row], rows: Iterable[Row]) -> Iterable[ObservationItem]:
    """Items whose trace attributes are those of the trace row; a span's own ones stand in where there is no such row yet.

    keys: at least the trace ids of the rows.
    """
    if not keys:
        return []
    found = repository_clickhouse.traces(scope, sorted({row["trace_id"] for row in keys}))
    renamed = {
        trace_id: {key: value for key, value in trace.items() if key not in ("id", "name")} | {"trace_name": trace["name"]}
        for trace_id, trace in found.items()
    }
    return each(lambda row: _item(row | renamed.get(row["trace_id"], {})), rows)


def seconds(start: datetime, end: datetime | None) -> float | None:
    """The time between two moments, None while the second is missing."""
    return None if end is None else (end - start).total_seconds()


def _reduced(details: dict[str, Any], word: str) -> Any:
    """The sum over keys that contain a word, None without such keys (spec/api.md §4.2, reductions)."""
    values = [value for key, value in details.items() if word in key.lower()]
    return sum(values) if values else None


def _usd(value: Any) -> float | None:
    return None if value is None else float(value)


def _sums(row: dict[str, Any]) -> TraceSums:
    costed = row["total_cost"] is not None
    return TraceSums(
        observations=row["observations"],
        errors=row["errors"],
        warnings=row["warnings"],
        debugs=row["debugs"],
        latency=row["latency_us"] / 1_000_000,
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        input_cost=_usd(row["input_cost"]) if costed else None,
        output_cost=_usd(row["output_cost"]) if costed else None,
        total_cost=_usd(row["total_cost"]),
        ids=row.get("ids", []),
    )


def _node(row: dict[str, Any]) -> ObservationNode:
    return ObservationNode(
        id=row["id"],
        parent_observation_id=row["parent_observation_id"] or None,
        type=row["type"],
        name=row["name"] or None,
        start_time=row["start_time"],
        end_time=row["end_time"],
        latency=seconds(row["start_time"], row["end_time"]),
        time_to_first_token=seconds(row["start_time"], row["completion_start_time"]),
        level=row["level"],
        status_message=row["status_message"] or None,
        model=row["provided_model_name"] or None,
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        total_tokens=row["total_tokens"],
        total_cost=_usd(row["total_cost"]),
    )


def _item(row: dict[str, Any]) -> ObservationItem:
    usage: dict[str, int] = row["usage_details"]
    costs: dict[str, float] = {key: float(value) for key, value in row["cost_details"].items()}
    return ObservationItem(
        id=row["id"],
        trace_id=row["trace_id"],
        project_id=row["project_id"],
        type=row["type"],
        parent_observation_id=row["parent_observation_id"] or None,
        is_root=not row["parent_observation_id"] or row["is_app_root"],
        name=row["name"] or None,
        start_time=row["start_time"],
        end_time=row["end_time"],
        completion_start_time=row["completion_start_time"],
        latency=seconds(row["start_time"], row["end_time"]),
        time_to_first_token=seconds(row["start_time"], row["completion_start_time"]),
        environment=row["environment"],
        version=row["version"] or None,
        release=row["release"] or None,
        level=row["level"],
        status_message=row["status_message"] or None,
        model=row["provided_model_name"] or None,
        internal_model_id=row["internal_model_id"] or None,
        model_parameters=row["model_parameters"] or None,
        input=row.get("input") or None,
        output=row.get("output") or None,
        metadata=metadata_values(row.get("metadata", {})),
        usage_details=usage,
        cost_details=costs,
        input_tokens=_reduced(usage, "input") or 0,
        output_tokens=_reduced(usage, "output") or 0,
        total_tokens=usage.get("total", 0),
        input_cost=_reduced(costs, "input"),
        output_cost=_reduced(costs, "output"),
        total_cost=_usd(row["total_cost"]),
        unit_prices={key: float(value) for key, value in row["unit_prices"].items()},
        cost_source=row["cost_source"] or None,
        cost_model_id=row["cost_model_id"] or None,
        usage_pricing_tier_id=row["usage_pricing_tier_id"] or None,
        usage_pricing_tier_name=row["usage_pricing_tier_name"] or None,
        prompt_id=row["prompt_id"] or None,
        prompt_name=row["prompt_name"] or None,
        prompt_version=row["prompt_version"],
        tool_definitions=row.get("tool_definitions", {}),
        tool_calls=row.get("tool_calls", []),
        tool_call_names=row["tool_call_names"],
        trace_name=row["trace_name"] or None,
        user_id=row["user_id"] or None,
        session_id=row["session_id"] or None,
        tags=row["tags"],
        bookmarked=row.get("bookmarked", False),
        public=row["public"],
        source=row["source"],
        service_name=row["service_name"] or None,
        scope_name=row["scope_name"] or None,
        scope_version=row["scope_version"] or None,
        sdk_name=row["ingestion_sdk_name"],
        sdk_version=row["ingestion_sdk_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
