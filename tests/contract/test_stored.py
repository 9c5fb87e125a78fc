"""Every recorded scenario through the whole main road on real engines: the stored rows are those of the reviewed goldens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.ingest import service
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow
from langfuse_app.stores import clickhouse
from langfuse_app.stores.redis import aredis, redis
from tests import factories, running
from tests.contract import json_view, otlp_view
from worker import ingestion

FOLDERS = sorted({*json_view.scenarios(), *otlp_view.scenarios()})
TABLES: dict[str, type[Any]] = {"observations": ObservationRow, "traces": TraceRow, "scores": ScoreRow}
# Made by the way through the server (ids, arrival, prices) and not by the recording.
OURS = {
    "project_id", "request_id", "received_at", "created_at", "updated_at", "event_ts", "is_deleted", "merge_clock", "ingestion_api_key", "event_bytes",
    "internal_model_id", "usage_details", "cost_details", "total_cost", "usage_pricing_tier_id", "usage_pricing_tier_name", "cost_model_id", "unit_prices",
    "cost_source", "bookmarked",
}  # fmt: skip


@pytest.fixture(scope="module")
def stored(engines: Settings) -> Iterator[dict[Path, ProjectScope]]:
    """Each scenario sent into a project of its own, all of them drained at once."""
    redis().flushdb()
    scopes = {folder: factories.project(folder.name) for folder in FOLDERS}
    running.run(_send_all(scopes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingestion, "IDLE_S", 0.5)
        ingestion.drain()
    yield scopes
    redis().flushdb()


async def _send_all(scopes: dict[Path, ProjectScope]) -> None:
    for folder, scope in scopes.items():
        for recording in json_view.batches(folder):
            request = recording.request
            await service.accept_json(scope, service.Delivery(recording.body, sdk_name=request.sdk_name, sdk_version=request.sdk_version))
        for found in _exports(folder):
            request = found.request
            await service.accept_otlp(
                scope, service.Delivery(found.body, request.content, sdk_name=request.sdk_name, sdk_version=request.sdk_version)
            )
    await aredis().aclose()


def _exports(folder: Path) -> list[otlp_view.Recording]:
    if folder not in otlp_view.scenarios():
        return []
    return [
        found
        for found in map(otlp_view.load, sorted(folder.glob("*.json")))
        if found.status == 200 and "content-type" in found.headers and found.body
    ]


def _expected(folder: Path) -> dict[tuple[str, str], Any]:
    rows: dict[tuple[str, str], Any] = {}
    if folder in otlp_view.scenarios():
        observations, traces = otlp_view.scenario_rows(folder)
        rows |= {("observations", id): row for id, row in observations.items()} | {("traces", id): row for id, row in traces.items()}
    for (kind, _, id), row in json_view.scenario_rows(folder).items():
        rows.setdefault((f"{kind}s", id), row)
    return rows


def _found(table: str, scope: ProjectScope) -> list[Any]:
    kind = TABLES[table]
    sql = f"SELECT {columnar._selection(kind)} FROM {table} FINAL WHERE project_id = {{project:String}}"  # pyright: ignore[reportPrivateUsage]
    return [kind(**row) for row in clickhouse.query(sql, {"project": scope.project_id})]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_the_stored_rows_are_the_expected_ones(folder: Path, stored: dict[Path, ProjectScope]) -> None:
    found = {(table, row.id): row for table in TABLES for row in _found(table, stored[folder])}
    expected = _expected(folder)
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for column in row.__struct_fields__:
            if column not in OURS:
                assert getattr(found[key], column) == getattr(row, column), (key, column)
