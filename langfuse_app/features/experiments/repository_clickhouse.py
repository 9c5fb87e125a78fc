"""ClickHouse queries of experiments: the spans that items stand for, and the scores on them."""

from collections.abc import Collection, Sequence
from typing import Any

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.observations.repository import Span
from langfuse_app.stores import clickhouse

Row = dict[str, Any]

_SPAN = "id, trace_id, parent_observation_id, start_time, end_time, level, environment"
_GROUPS = {
    "io": ", input, output, experiment_item_expected_output AS expected_output",
    "metadata": ", metadata",
    "itemMetadata": ", experiment_item_metadata AS item_metadata",
}


def _columns(groups: frozenset[str]) -> str:
    return _SPAN + "".join(columns for group, columns in _GROUPS.items() if group in groups)


def spans(scope: ProjectScope, trace_ids: Sequence[str], ids: Sequence[str], span: Span | None, groups: frozenset[str]) -> list[Row]:
    """Those observations of those traces, and the traces' roots, with what the groups of fields need."""
    where = Conditions(scope)
    where.any_of("trace_id", trace_ids)
    named = where.bind(list(ids), "Array(String)")
    where.add(f"(id IN {named} OR parent_observation_id = '' OR is_app_root)")
    if span:
        where.compare("start_time", ">=", span.first)
        where.compare("start_time", "<=", span.last)
        if span.minutes:
            minutes = where.bind(span.minutes, "Array(DateTime('UTC'))")
            where.add(f"toStartOfMinute(start_time) IN {minutes}")
    # the rows are found without payloads first
    keys = f"SELECT start_time, trace_id, id FROM observations FINAL WHERE {where.sql}"
    wanted = f"SELECT {_columns(groups)} FROM observations FINAL WHERE {where.sql} AND (start_time, trace_id, id) IN ({keys})"
    return clickhouse.query(f"{wanted} ORDER BY start_time, id", where.params)


def traces(scope: ProjectScope, trace_ids: Sequence[str], groups: frozenset[str]) -> list[Row]:
    """What the trace rows say, for items whose trace has no root span."""
    where = Conditions(scope)
    where.any_of("id", trace_ids)
    wanted = "id, timestamp, environment" + (", input, output" if "io" in groups else "") + (", metadata" if "metadata" in groups else "")
    return clickhouse.query(f"SELECT {wanted} FROM traces FINAL WHERE {where.sql}", where.params)


def traces_of(scope: ProjectScope, observation_ids: Collection[str]) -> dict[str, str]:
    """The traces of observations by id; of an id that several traces use, the newest."""
    where = Conditions(scope)
    where.any_of("id", sorted(observation_ids))
    rows = clickhouse.query(f"SELECT id, trace_id FROM observations FINAL WHERE {where.sql} ORDER BY start_time", where.params)
    return {row["id"]: row["trace_id"] for row in rows}


def run_score_ids(scope: ProjectScope, run_ids: Sequence[str], limit: int) -> list[str]:
    """The ids of the newest `limit` scores on each of these runs."""
    where = Conditions(scope)
    where.any_of("dataset_run_id", run_ids)
    return _score_ids(where, "dataset_run_id", limit)


def item_score_ids(scope: ProjectScope, trace_ids: Sequence[str], observation_ids: Sequence[str], limit: int) -> list[str]:
    """The ids of the newest `limit` scores on each of these traces and each of these observations of them."""
    where = Conditions(scope)
    where.any_of("trace_id", trace_ids)
    where.add(f"observation_id IN {where.bind(['', *observation_ids], 'Array(String)')}")
    return _score_ids(where, "trace_id, observation_id", limit)


def _score_ids(where: Conditions, subject: str, limit: int) -> list[str]:
    sql = f"SELECT id FROM scores FINAL WHERE {where.sql} ORDER BY timestamp DESC, id DESC LIMIT {int(limit)} BY {subject}"
    return [row["id"] for row in clickhouse.query(sql, where.params)]
