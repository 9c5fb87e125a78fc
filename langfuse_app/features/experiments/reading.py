"""Reading experiments (spec/api.md §4.8): runs and run items from PostgreSQL, what they measured from the column store."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from langfuse_app.core.pagination import Place, cut
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.wire import json_or_text, metadata_values
from langfuse_app.features.datasets import service as datasets
from langfuse_app.features.datasets.models import DatasetItem
from langfuse_app.features.experiments import repository, repository_clickhouse, service
from langfuse_app.features.experiments.models import DatasetRun, DatasetRunItem
from langfuse_app.features.experiments.schemas import (
    ExperimentItemOut,
    ExperimentOut,
    ExperimentQuery,
    MetricsOut,
    Progress,
    ScoreV3Out,
)
from langfuse_app.features.ingest import repository as ingest
from langfuse_app.features.observations import repository as locators
from langfuse_app.features.observations import service as observations
from langfuse_app.features.observations.service import TraceSums
from langfuse_app.features.scores import service as scores
from langfuse_app.features.scores.schemas import ScoreItem, ScoreQuery, score_v3

Row = dict[str, Any]
_ALL_OF_A_SCORE = frozenset({"details", "subject", "annotation"})
_TRACES_AT_ONCE = 5_000


def list_experiments(
    scope: ProjectScope, query: ExperimentQuery, place: Place | None, groups: frozenset[str], score_limit: int
) -> tuple[list[ExperimentOut], Place | None]:
    """Experiments behind the place, the latest activity first, and the place of the next page (None on the last)."""
    found = repository.experiments(scope, query, place, query.limit + 1)
    kept, following = cut(found, query.limit, lambda row: Place(row[1].last, row[0].id))
    ids = [run.id for run, _ in kept]
    scored = _run_scores(scope, ids, score_limit) if "scores" in groups else None
    measured = run_metrics(scope, ids) if "metrics" in groups else None
    return [_experiment(run, progress, groups, scored, measured) for run, progress in kept], following


def _experiment(
    run: DatasetRun,
    progress: Progress,
    groups: frozenset[str],
    scored: dict[str, list[ScoreV3Out]] | None,
    measured: dict[str, MetricsOut] | None,
) -> ExperimentOut:
    out = ExperimentOut(
        id=run.id,
        name=run.name,
        description=run.description,
        start_time=progress.first,
        end_time=progress.last,
        item_count=progress.items,
        dataset_id=run.dataset_id,
    )
    if "metadata" in groups:
        out.metadata = _object(run.meta)
    if scored is not None:
        out.scores = scored.get(run.id, [])
    if measured is not None:
        out.metrics = measured[run.id]
    return out


def run_metrics(scope: ProjectScope, run_ids: Sequence[str]) -> dict[str, MetricsOut]:
    """What the traces of each run add up to; zeros and None for runs without a trace that is here."""
    traces: dict[str, list[str]] = {run_id: [] for run_id in run_ids}
    for run_id, trace_id in repository.trace_ids(scope, run_ids) if run_ids else []:
        traces[run_id].append(trace_id)
    sums = _sums(scope, sorted({trace_id for ids in traces.values() for trace_id in ids}))
    return {run_id: _metrics([sums[trace_id] for trace_id in ids if trace_id in sums]) for run_id, ids in traces.items()}


def _sums(scope: ProjectScope, trace_ids: list[str]) -> dict[str, TraceSums]:
    sums: dict[str, TraceSums] = {}
    here = _located(scope, trace_ids)
    for start in range(0, len(here), _TRACES_AT_ONCE):
        sums |= observations.sums(scope, here[start : start + _TRACES_AT_ONCE])
    return sums


def _located(scope: ProjectScope, trace_ids: Iterable[str]) -> list[str]:
    """Those of the traces that have rows: asking for others would cost the window that makes reading cheap."""
    known = ingest.locate([(scope.project_id, trace_id) for trace_id in sorted(set(trace_ids))])
    return [trace_id for _, trace_id in known]


def _metrics(sums: list[TraceSums]) -> MetricsOut:
    latencies = [one.latency for one in sums if one.latency is not None]
    costs = [one.total_cost for one in sums if one.total_cost is not None]
    return MetricsOut(
        trace_count=len(sums),
        error_count=sum(one.errors for one in sums),
        average_latency=_average(latencies),
        average_cost=_average(costs),
        total_cost=sum(costs) if costs else None,
        total_tokens=sum(one.total_tokens for one in sums),
    )


def _average(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


# --- items -----------------------------------------------------------------------------------------------------------


def list_items(
    scope: ProjectScope, query: ExperimentQuery, place: Place | None, groups: frozenset[str], score_limit: int
) -> tuple[list[ExperimentItemOut], Place | None]:
    """Items behind the place, newest start first, and the place of the next page (None on the last)."""
    found = repository.experiment_items(scope, query, place, query.limit + 1)
    kept, following = cut(found, query.limit, lambda row: Place(row[0].started_at, row[0].id))
    items = service.with_traces(scope, [item for item, _ in kept])
    spans = _spans(scope, items, groups)
    written = _written(scope, items, groups)
    out = [
        _item(item, run, span, written.get((item.dataset_item_id, _version(item))), groups)
        for (item, run), span in zip(kept, spans, strict=True)
    ]
    if "scores" in groups:
        _add_item_scores(scope, out, score_limit)
    return out, following


def _version(item: DatasetRunItem) -> datetime:
    return item.dataset_item_version or item.started_at


def _written(scope: ProjectScope, items: list[DatasetRunItem], groups: frozenset[str]) -> dict[tuple[str, datetime], DatasetItem]:
    """The dataset items that ran, for what older SDKs do not repeat on their spans."""
    if not groups & {"io", "itemMetadata"}:
        return {}
    return datasets.item_versions(scope, [(item.dataset_item_id, _version(item)) for item in items])


def _spans(scope: ProjectScope, items: list[DatasetRunItem], groups: frozenset[str]) -> list[Row]:
    """For each item the span it stands for: the observation that was linked, else the root of its trace, else what the link says."""
    here = _located(scope, (item.trace_id for item in items))
    ids = sorted({item.observation_id for item in items})
    rows = repository_clickhouse.spans(scope, here, ids, locators.window(scope, here), groups) if here else []
    by_id = {(row["trace_id"], row["id"]): row for row in rows}
    roots: dict[str, Row] = {}
    for row in rows:
        if not row["parent_observation_id"]:
            roots.setdefault(row["trace_id"], row)
    whole = [item.trace_id for item in items if not item.observation_id]
    traces = {row["id"]: row for row in repository_clickhouse.traces(scope, whole, groups)} if whole else {}
    return [
        by_id.get((item.trace_id, item.observation_id)) or _of_trace(item, roots.get(item.trace_id), traces.get(item.trace_id))
        for item in items
    ]


def _of_trace(item: DatasetRunItem, root: Row | None, trace: Row | None) -> Row:
    """The root span with the trace's own input and output where it has any; what is not here yet is told by the link."""
    unknown = {"id": item.observation_id or item.trace_id or item.id, "start_time": item.started_at, "end_time": item.ended_at}
    if item.observation_id:
        return unknown
    told = {key: value for key, value in (trace or {}).items() if value and key != "id"}
    start = {"start_time": told.pop("timestamp")} if told else {}
    return unknown | start | (root or {}) | told


def _item(item: DatasetRunItem, run: DatasetRun, span: Row, written: DatasetItem | None, groups: frozenset[str]) -> ExperimentItemOut:
    out = ExperimentItemOut(
        id=span["id"],
        trace_id=item.trace_id,
        start_time=span["start_time"],
        end_time=span["end_time"],
        level=span.get("level", "DEFAULT"),
        environment=span.get("environment", "default"),
        experiment_id=run.id,
        experiment_name=run.name,
        experiment_item_id=item.dataset_item_id,
    )
    if "dataset" in groups:
        out.experiment_dataset_id, out.experiment_item_version = run.dataset_id, item.dataset_item_version
    if "io" in groups:
        out.input, out.output = json_or_text(span.get("input")), json_or_text(span.get("output"))
        expected = span.get("expected_output")
        out.expected_output = json_or_text(expected) if expected else written and written.expected_output
    if "metadata" in groups:
        out.metadata = metadata_values(span.get("metadata", {}))
    if "itemMetadata" in groups:
        stated = metadata_values(span.get("item_metadata", {}))
        out.experiment_item_metadata = stated or _object(written and written.meta)
    if "experimentMetadata" in groups:
        out.experiment_metadata, out.experiment_description = _object(run.meta), run.description
    return out


def _object(value: Any) -> dict[str, Any]:
    """Metadata is an object on the wire."""
    return {} if value is None else value if isinstance(value, dict) else {"metadata": value}


# --- scores ----------------------------------------------------------------------------------------------------------


def _run_scores(scope: ProjectScope, run_ids: list[str], limit: int) -> dict[str, list[ScoreV3Out]]:
    found: dict[str, list[ScoreV3Out]] = defaultdict(list)
    for score in _scores(scope, repository_clickhouse.run_score_ids(scope, run_ids, limit) if run_ids else []):
        found[score.dataset_run_id or ""].append(_score(score))
    return found


def _add_item_scores(scope: ProjectScope, items: list[ExperimentItemOut], limit: int) -> None:
    """The newest scores on each item's span and on its trace as a whole."""
    trace_ids, ids = sorted({item.trace_id for item in items if item.trace_id}), sorted({item.id for item in items})
    found: dict[tuple[str, str], list[ScoreItem]] = defaultdict(list)
    for score in _scores(scope, repository_clickhouse.item_score_ids(scope, trace_ids, ids, limit) if trace_ids else []):
        found[(score.trace_id or "", score.observation_id or "")].append(score)
    for item in items:
        mine = [*found[(item.trace_id, item.id)], *found[(item.trace_id, "")]]
        item.scores = [_score(score) for score in sorted(mine, key=lambda score: (score.timestamp, score.id), reverse=True)[:limit]]


def _scores(scope: ProjectScope, ids: list[str]) -> list[ScoreItem]:
    return scores.list_after(scope, ScoreQuery(ids=tuple(ids), limit=len(ids)), None)[0] if ids else []


def _score(score: ScoreItem) -> ScoreV3Out:
    return ScoreV3Out.model_validate(score_v3(score, _ALL_OF_A_SCORE))
