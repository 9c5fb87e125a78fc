"""GET /metrics, /v2/metrics and /metrics/daily (spec/api.md §8): every aggregation against the same computed here."""

import json
import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import from_us, iso_ms, to_us
from langfuse_app.features.ingest.repository_clickhouse import insert_rows
from langfuse_app.features.metrics import repository_clickhouse, service
from langfuse_app.features.metrics.schemas import DailyMetricsOut, MetricsOut, MetricsQuery
from langfuse_app.features.metrics.service import buckets
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow
from tests import factories
from tests.api.conftest import Api

START = datetime(2026, 4, 27, tzinfo=UTC)  # a Monday
END = START + timedelta(days=10)
ROUTES = ["/metrics", "/v2/metrics"]


def query(**more: Any) -> dict[str, Any]:
    base = {"view": "observations", "metrics": [{"measure": "count", "aggregation": "count"}]}
    return base | {"fromTimestamp": iso_ms(START), "toTimestamp": iso_ms(END)} | more


def ask(api: Api, route: str = "/v2/metrics", **more: Any) -> list[dict[str, Any]]:
    answer = api.get(route, query=json.dumps(query(**more)))
    assert answer.status_code == 200, answer.text
    MetricsOut.model_validate(answer.json())
    return answer.json()["data"]


def refused(api: Api, route: str = "/v2/metrics", **more: Any) -> Any:
    answer = api.get(route, query=json.dumps(query(**more)))
    assert answer.status_code == 400, answer.text
    return answer.json()


class World:
    """Traces, observations and scores, each observation in several versions, some deleted."""

    def __init__(self, scope: ProjectScope) -> None:
        chance = random.Random(11)
        self.traces = [self._trace(scope, number, chance) for number in range(40)]
        self.observations = [self._observation(scope, number, chance) for number in range(300)]
        self.scores = [self._score(scope, number, chance) for number in range(60)]
        versions: list[ObservationRow] = []
        for number, row in enumerate(self.observations):
            old = factories.ObservationRow(**{**{name: getattr(row, name) for name in row.__struct_fields__}, "event_ts": row.event_ts - 5})
            old.level, old.provided_model_name, old.total_cost = "ERROR", "an older version", Decimal(99)
            versions += [old, row]
            if number % 10 == 0:
                gone = factories.ObservationRow(**{name: getattr(row, name) for name in row.__struct_fields__})
                gone.event_ts, gone.is_deleted = row.event_ts + 5, 1
                versions.append(gone)
        chance.shuffle(versions)
        insert_rows(versions[: len(versions) // 2])
        insert_rows(versions[len(versions) // 2 :])
        insert_rows(self.traces)
        insert_rows(self.scores)
        self.observations = [row for number, row in enumerate(self.observations) if number % 10]

    @staticmethod
    def _stamp(chance: random.Random) -> int:
        return to_us(START) + chance.randrange(10 * 86_400_000) * 1000

    def _trace(self, scope: ProjectScope, number: int, chance: random.Random) -> TraceRow:
        return TraceRow(
            project_id=scope.project_id, id=f"trace-{number}", timestamp=self._stamp(chance), event_ts=1000, name=f"name {number % 3}",
            user_id=f"user {number % 5}" if number % 4 else "", session_id=f"session {number % 7}", release="r1", version="v1",
            environment="default", tags=["a", "b"] if number % 2 else [], received_at=1, created_at=1, updated_at=1,
        )  # fmt: skip

    def _observation(self, scope: ProjectScope, number: int, chance: random.Random) -> ObservationRow:
        start = self._stamp(chance)
        ended = number % 6 != 0
        tokens = {"input": chance.randrange(100), "input_cached": chance.randrange(10), "output": chance.randrange(50)}
        priced = number % 3 != 0
        return ObservationRow(
            project_id=scope.project_id, trace_id=f"trace-{chance.randrange(40)}", id=f"span-{number}", start_time=start, event_ts=1000,
            end_time=start + chance.randrange(1, 5_000_000) if ended else None, completion_start_time=start + 1000 if priced else None,
            type="GENERATION", name=f"step {number % 4}", level="DEFAULT", environment="default",
            provided_model_name=f"model {number % 3}" if priced else "", usage_details=tokens | {"total": sum(tokens.values())},
            cost_details={"input": Decimal("0.001") * number, "total": Decimal("0.002") * number} if priced else {},
            total_cost=Decimal("0.002") * number if priced else None, received_at=1, created_at=1, updated_at=1,
        )  # fmt: skip

    def _score(self, scope: ProjectScope, number: int, chance: random.Random) -> ScoreRow:
        kind = ("NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT")[number % 4]
        return ScoreRow(
            project_id=scope.project_id, id=f"score-{number}", timestamp=self._stamp(chance), trace_id=f"trace-{number % 40}", event_ts=1000,
            observation_id=self.observations[number].id if number % 2 else "", name="quality", data_type=kind, source="API",
            value=float(number % 2) if kind == "BOOLEAN" else number / 7 if kind == "NUMERIC" else 0.0,
            string_value={"CATEGORICAL": f"kind {number % 3}", "BOOLEAN": "True" if number % 2 else "False"}.get(kind, ""),
            environment="default", received_at=1, created_at=1, updated_at=1,
        )  # fmt: skip


@pytest.fixture(scope="module")
def world(engines: object) -> tuple[ProjectScope, World]:
    scope = factories.project("measured")
    return scope, World(scope)


@pytest.fixture
def measured(anonymous: TestClient, world: tuple[ProjectScope, World]) -> Api:
    return Api(anonymous, world[0])


def latency(row: ObservationRow) -> float | None:
    return None if row.end_time is None else (row.end_time - row.start_time) / 1000


def split(details: dict[str, Any], word: str) -> Any:
    return sum(value for name, value in details.items() if word in name)


MEASURES: dict[str, Callable[[ObservationRow], Any]] = {
    "latency": latency,
    "streamingLatency": lambda row: row.end_time and row.completion_start_time and (row.end_time - row.completion_start_time) / 1000,
    "timeToFirstToken": lambda row: row.completion_start_time and (row.completion_start_time - row.start_time) / 1000,
    "inputTokens": lambda row: split(row.usage_details, "input"),
    "outputTokens": lambda row: split(row.usage_details, "output"),
    "totalTokens": lambda row: row.usage_details["total"],
    "inputCost": lambda row: float(split(row.cost_details, "input")) if row.cost_details else None,
    "totalCost": lambda row: row.total_cost and float(row.total_cost),
    "tokensPerSecond": lambda row: (ms := latency(row)) and row.usage_details["total"] / ms * 1000,
}


def quantile(percent: int) -> Callable[[list[float]], float]:
    def of(values: list[float]) -> float:
        ordered = sorted(values)
        place = percent / 100 * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return of


AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum, "avg": statistics.fmean, "count": len, "max": max, "min": min, "uniq": lambda values: len(set(values)),
    **{f"p{percent}": quantile(percent) for percent in (50, 75, 90, 95, 99)},
}  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("measure", MEASURES)
def test_every_aggregation_of_a_measure(measured: Api, world: tuple[ProjectScope, World], route: str, measure: str) -> None:
    values = [value for row in world[1].observations if (value := MEASURES[measure](row)) is not None]
    [row] = ask(measured, route, metrics=[{"measure": measure, "aggregation": name} for name in AGGREGATIONS])
    for name, compute in AGGREGATIONS.items():
        assert row[f"{name}_{measure}"] == pytest.approx(compute(values)), name


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("granularity", "floor"),
    [
        ("hour", lambda at: at.replace(minute=0, second=0, microsecond=0)),
        ("day", lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0)),
        ("week", lambda at: (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)),
        ("month", lambda at: at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)),
    ],
)
def test_buckets_of_time_are_complete(measured: Api, world: tuple[ProjectScope, World], route: str, granularity: str, floor: Any) -> None:
    expected: dict[str, int] = defaultdict(int)
    for row in world[1].observations:
        expected[iso_ms(floor(from_us(row.start_time)))] += 1
    rows = ask(measured, route, timeDimension={"granularity": granularity})
    assert {row["time_dimension"]: row["count_count"] for row in rows if row["count_count"]} == expected
    stamps = [row["time_dimension"] for row in rows]
    assert stamps == sorted(set(stamps))
    assert len(rows) == {"hour": 240, "day": 10, "week": 2, "month": 2}[granularity]


def test_dimensions_of_the_row_and_of_its_trace(measured: Api, world: tuple[ProjectScope, World]) -> None:
    traces = {trace.id: trace for trace in world[1].traces}
    expected: dict[tuple[Any, Any], int] = defaultdict(int)
    for row in world[1].observations:
        expected[(row.provided_model_name or None, traces[row.trace_id].name)] += 1
    rows = ask(measured, dimensions=[{"field": "providedModelName"}, {"field": "traceName"}])
    assert {(row["providedModelName"], row["traceName"]): row["count_count"] for row in rows} == expected
    assert [row["count_count"] for row in rows] == sorted(expected.values(), reverse=True)


def test_maps_become_rows(measured: Api, world: tuple[ProjectScope, World]) -> None:
    expected: dict[str, int] = defaultdict(int)
    for row in world[1].observations:
        for name, value in row.usage_details.items():
            expected[name] += value
    rows = ask(measured, metrics=[{"measure": "usageByType", "aggregation": "sum"}])
    assert {row["usageType"]: row["sum_usageByType"] for row in rows} == expected
    costs = ask(measured, metrics=[{"measure": "costByType", "aggregation": "sum"}])
    assert {row["costType"] for row in costs} == {"input", "total"}
    assert (
        "ask twice"
        in refused(measured, metrics=[{"measure": name, "aggregation": "sum"} for name in ("costByType", "usageByType")])["message"]
    )


def test_filters_narrow_by_row_trace_and_metadata(measured: Api, world: tuple[ProjectScope, World]) -> None:
    traces = {trace.id: trace for trace in world[1].traces}
    filters = [
        {"type": "stringOptions", "column": "name", "operator": "any of", "value": ["step 1", "step 2"]},
        {"type": "string", "column": "userId", "operator": "=", "value": "user 1"},
    ]
    [row] = ask(measured, filters=filters)
    mine = [row for row in world[1].observations if row.name in ("step 1", "step 2") and traces[row.trace_id].user_id == "user 1"]
    assert row["count_count"] == len(mine) > 0
    assert (
        "Invalid filter column"
        in refused(measured, filters=[{"type": "string", "column": "nothing", "operator": "=", "value": ""}])["message"]
    )


def test_a_histogram_has_all_values(measured: Api, world: tuple[ProjectScope, World]) -> None:
    [row] = ask(measured, metrics=[{"measure": "latency", "aggregation": "histogram"}], config={"bins": 5})
    bins = row["histogram_latency"]
    values = [value for row in world[1].observations if (value := latency(row)) is not None]
    assert len(bins) <= 5
    assert sum(height for _, _, height in bins) == pytest.approx(len(values))
    assert bins[0][0] <= min(values) <= max(values) <= bins[-1][1]


def test_dimensions_with_many_values_need_a_limit(measured: Api) -> None:
    assert "row_limit" in refused(measured, dimensions=[{"field": "userId"}])["message"]
    bounded = {"dimensions": [{"field": "userId"}], "orderBy": [{"field": "count_count", "direction": "desc"}], "config": {"row_limit": 2}}
    assert len(ask(measured, **bounded)) == 2
    refused(measured, **bounded, timeDimension={"granularity": "day"})
    assert len(ask(measured, "/metrics", dimensions=[{"field": "userId"}])) == 5 + 1  # without a user: null


def test_sums_over_the_spans_of_traces(measured: Api, world: tuple[ProjectScope, World]) -> None:
    metrics = [
        {"measure": "observationsCount", "aggregation": "sum"},
        {"measure": "totalTokens", "aggregation": "sum"},
        {"measure": "totalCost", "aggregation": "sum"},
        {"measure": "scoresCount", "aggregation": "sum"},
        {"measure": "uniqueUserIds", "aggregation": "uniq"},
        {"measure": "latency", "aggregation": "max"},
    ]
    [row] = ask(measured, "/metrics", view="traces", metrics=metrics)
    spans = world[1].observations
    assert row["sum_observationsCount"] == len(spans)
    assert row["sum_totalTokens"] == sum(span.usage_details["total"] for span in spans)
    assert row["sum_totalCost"] == pytest.approx(float(sum(span.total_cost or 0 for span in spans)))
    assert row["sum_scoresCount"] == len(world[1].scores)
    assert row["uniq_uniqueUserIds"] == len({trace.user_id for trace in world[1].traces} - {""})
    by_trace: dict[str, list[ObservationRow]] = defaultdict(list)
    for span in spans:
        by_trace[span.trace_id].append(span)
    longest = max(max(s.end_time or s.start_time for s in its) - min(s.start_time for s in its) for its in by_trace.values())
    assert row["max_latency"] == pytest.approx(longest / 1000)


@pytest.mark.parametrize("route", ROUTES)
def test_scores_by_kind(measured: Api, world: tuple[ProjectScope, World], route: str) -> None:
    scores = world[1].scores
    numbers = [score.value for score in scores if score.data_type in ("NUMERIC", "BOOLEAN")]
    value = {"measure": "value", "aggregation": "avg"}
    count = {"measure": "count", "aggregation": "count"}
    [row] = ask(measured, route, view="scores-numeric", metrics=[value, count])
    assert row == {"avg_value": pytest.approx(statistics.fmean(numbers)), "count_count": len(numbers)}
    flags = ask(measured, route, view="scores-boolean", dimensions=[{"field": "booleanValue"}])
    assert {row["booleanValue"] for row in flags} <= {True, False}
    assert sum(row["count_count"] for row in flags) == 15
    kinds = ask(
        measured,
        route,
        view="scores-categorical",
        dimensions=[{"field": "stringValue"}, {"field": "traceName"}, {"field": "observationName"}],
    )
    assert sum(row["count_count"] for row in kinds) == 15


def test_text_can_only_be_counted(measured: Api, world: tuple[ProjectScope, World]) -> None:
    [row] = ask(measured, metrics=[{"measure": "traceId", "aggregation": "uniq"}])
    assert row == {"uniq_traceId": len({row.trace_id for row in world[1].observations})}
    for aggregation in ("sum", "avg", "p95", "histogram", "max"):
        assert "Invalid aggregation" in refused(measured, metrics=[{"measure": "traceId", "aggregation": aggregation}])["message"]


def test_an_empty_project_still_has_its_buckets(api: Api) -> None:
    assert ask(api) == [{"count_count": 0}]
    rows = ask(api, timeDimension={"granularity": "day"}, dimensions=[{"field": "name"}])
    assert rows == [{"time_dimension": iso_ms(START + timedelta(days=n)), "name": None, "count_count": 0} for n in range(10)]
    assert ask(api, timeDimension={"granularity": "day"}, orderBy=[{"field": "count_count", "direction": "desc"}]) == []


@pytest.mark.parametrize(("hours", "width"), [(1, "minute"), (71, "hour"), (1439, "day"), (8759, "week"), (9000, "month")])
def test_auto_follows_the_range(hours: int, width: str) -> None:
    asked = query(timeDimension={"granularity": "auto"}, toTimestamp=iso_ms(START + timedelta(hours=hours)))
    assert MetricsQuery.model_validate(asked).granularity == width


def test_buckets_reach_over_the_year() -> None:
    found = list(buckets(datetime(2025, 11, 15, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), "month"))
    assert [(at.year, at.month) for at in found] == [(2025, 11), (2025, 12), (2026, 1)]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "change",
    [
        {"view": "nothing"}, {"metrics": []}, {"metrics": [{"measure": "nothing", "aggregation": "sum"}]},
        {"metrics": [{"measure": "count", "aggregation": "median"}]}, {"dimensions": [{"field": "nothing"}]},
        {"timeDimension": {"granularity": "year"}}, {"fromTimestamp": iso_ms(END)}, {"fromTimestamp": "2026-01-01"},
        {"fromTimestamp": "0001-01-01T00:00:00+14:00", "timeDimension": {"granularity": "auto"}}, {"toTimestamp": "9999-12-31T23:59:59-14:00"},
        {"orderBy": [{"field": "nothing", "direction": "asc"}]}, {"config": {"bins": 101}}, {"config": {"row_limit": 1001}},
        {"filters": [{"type": "string"}]}, {"filters": "name = x"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api: Api, route: str, change: dict[str, Any]) -> None:
    body = refused(api, route, **change)
    assert body["message"]
    assert body["error"]


@pytest.mark.parametrize("route", [*ROUTES, "/metrics/daily"])
def test_who_may_ask(anonymous: TestClient, scope: ProjectScope, route: str) -> None:
    assert anonymous.get(f"/api/public{route}").status_code == 401
    browser = {"Authorization": f"Bearer {factories.public_key(scope)}"}
    assert anonymous.get(f"/api/public{route}", headers=browser).status_code == 403


@pytest.mark.parametrize("route", ROUTES)
def test_the_query_is_needed_as_json(api: Api, route: str) -> None:
    assert api.get(route).status_code == 400
    assert api.get(route, query="{").json()["message"] == "Invalid JSON in query parameter"


def test_the_view_of_traces_is_of_the_older_route(api: Api) -> None:
    assert ask(api, "/metrics", view="traces") == [{"count_count": 0}]
    refused(api, view="traces")


def test_another_tenant_is_not_counted(api: Api, world: tuple[ProjectScope, World]) -> None:
    assert ask(api) == [{"count_count": 0}]


def test_days(measured: Api, api: Api, world: tuple[ProjectScope, World]) -> None:
    answer = measured.get("/metrics/daily", limit=100).json()
    DailyMetricsOut.model_validate(answer)
    days = answer["data"]
    assert answer["meta"]["totalItems"] == len(days) == 10
    assert [day["date"] for day in days] == sorted((day["date"] for day in days), reverse=True)
    assert sum(day["countTraces"] for day in days) == 40
    assert sum(day["countObservations"] for day in days) == len(world[1].observations)
    cost = sum(usage["totalCost"] for day in days for usage in day["usage"])
    assert cost == pytest.approx(float(sum(row.total_cost or 0 for row in world[1].observations)))
    assert {usage["model"] for day in days for usage in day["usage"]} == {"model 1", "model 2", None}
    assert api.get("/metrics/daily").json() == {"data": [], "meta": {"page": 1, "limit": 50, "totalItems": 0, "totalPages": 0}}
    narrowed = measured.get("/metrics/daily", limit=100, userId="user 1", tags="a", traceName="name 0").json()["data"]
    mine = {trace.id for trace in world[1].traces if trace.user_id == "user 1" and "a" in trace.tags and trace.name == "name 0"}
    assert sum(day["countTraces"] for day in narrowed) == len(mine)
    assert sum(day["countObservations"] for day in narrowed) == sum(row.trace_id in mine for row in world[1].observations)


# --- limits ---------------------------------------------------------------------------------------------


def too_heavy(api: Api, route: str, **more: Any) -> str:
    answer = api.get(route, query=json.dumps(query(**more)))
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "Request timed out"
    return answer.json()["message"]


@pytest.mark.parametrize("route", ROUTES)
def test_a_series_is_whole_or_refused(measured: Api, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    minutes = {"timeDimension": {"granularity": "minute"}}
    advice = too_heavy(measured, route, **minutes)  # 14 400 of them
    assert "more than 10000 rows, choose a coarser timeDimension" in advice
    assert len(ask(measured, route, **minutes, config={"row_limit": 1000})) == 1000
    a_week = iso_ms(START + timedelta(minutes=10_000))
    assert len(ask(measured, route, **minutes, toTimestamp=a_week)) == 10_000
    assert "more than 10000" in too_heavy(measured, route, **minutes, toTimestamp=a_week, dimensions=[{"field": "name"}])
    monkeypatch.setattr(service, "ROWS_MOST", 39)
    days = {"timeDimension": {"granularity": "day"}}
    assert "more than 39 rows" in too_heavy(measured, route, **days, dimensions=[{"field": "name"}])  # 10 days of 4 names
    monkeypatch.setattr(service, "ROWS_MOST", 40)
    assert len(ask(measured, route, **days, dimensions=[{"field": "name"}])) == 40


def test_groups_are_whole_or_refused(measured: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ROWS_MOST", 5)
    by_user = {"dimensions": [{"field": "userId"}]}
    assert "fewer dimensions" in too_heavy(measured, "/metrics", **by_user)
    assert len(ask(measured, "/metrics", **by_user, config={"row_limit": 5})) == 5
    monkeypatch.setattr(service, "ROWS_MOST", 6)
    assert len(ask(measured, "/metrics", **by_user)) == 6


@pytest.mark.parametrize(
    ("route", "more"),
    [
        ("/v2/metrics", {"dimensions": [{"field": "traceName"}]}),
        ("/metrics", {"metrics": [{"measure": "countScores", "aggregation": "sum"}]}),
        ("/metrics", {"view": "traces", "metrics": [{"measure": "totalCost", "aggregation": "sum"}]}),
        ("/v2/metrics", {"view": "scores-numeric", "dimensions": [{"field": "observationName"}]}),
    ],
)
@pytest.mark.parametrize("limit", ["max_bytes_in_join", "max_bytes_in_set"])
def test_what_would_join_too_much_is_refused(
    measured: Api, monkeypatch: pytest.MonkeyPatch, route: str, more: dict[str, Any], limit: str
) -> None:
    ask(measured, route, **more)
    monkeypatch.setattr(repository_clickhouse, "_LIMITS", repository_clickhouse._LIMITS | {limit: 1})
    assert "narrow the time range" in too_heavy(measured, route, **more)
    ask(measured, route)  # without a join there is no such limit


def test_a_score_knows_its_trace_however_late_it_comes(api: Api) -> None:
    late = (END - factories.START).total_seconds() - 60
    factories.trace(api.scope, "t", -300 * 86_400, name="old trace")
    factories.observation(api.scope, "t", "o", -299 * 86_400, name="old span")
    factories.score(api.scope, "s", late, trace_id="t", observation_id="o", data_type="NUMERIC", value=1)
    dimensions = [{"field": "traceName"}, {"field": "observationName"}]
    [row] = ask(api, view="scores-numeric", dimensions=dimensions)
    assert (row["traceName"], row["observationName"], row["count_count"]) == ("old trace", "old span", 1)


@pytest.mark.parametrize(("days", "name"), [(-1.5, "a trace"), (0, "a trace"), (29, "a trace"), (90, None)])
def test_how_long_a_trace_may_be(api: Api, days: float, name: str | None) -> None:
    """A trace is found beside observations that begin up to 30 days after it, and 2 before it."""
    begin = (START - factories.START).total_seconds() + 3600
    factories.trace(api.scope, "t", begin - days * 86_400, name="a trace")
    factories.observation(api.scope, "t", "o", begin)
    assert ask(api, dimensions=[{"field": "traceName"}], toTimestamp=iso_ms(START + timedelta(days=1))) == [
        {"traceName": name, "count_count": 1}
    ]
    asked = {"fromTimestamp": iso_ms(START - timedelta(days=100)), "toTimestamp": iso_ms(START + timedelta(days=10))}
    [row] = ask(api, "/metrics", view="traces", metrics=[{"measure": "observationsCount", "aggregation": "sum"}], **asked)
    assert row == {"sum_observationsCount": 1}


def test_the_last_month_there_is(api: Api) -> None:
    asked = {"fromTimestamp": "9999-10-01T00:00:00Z", "toTimestamp": "9999-12-31T00:00:00Z", "timeDimension": {"granularity": "month"}}
    assert api.get("/v2/metrics", query=json.dumps(query(**asked))).status_code < 500
