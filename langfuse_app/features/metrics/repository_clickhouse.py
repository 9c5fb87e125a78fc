"""ClickHouse statements of metrics: one statement per query, put together from the views' expressions."""

from collections.abc import Sequence
from typing import Any

from langfuse_app.core.filters.clickhouse import apply
from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions, summed
from langfuse_app.features.metrics.schemas import TIME, DailyQuery, Metric, MetricsQuery
from langfuse_app.features.metrics.views import Dimension, Measure, View
from langfuse_app.stores import clickhouse

_BUCKETS = {
    "minute": "toStartOfMinute({})",
    "hour": "toStartOfHour({})",
    "day": "toStartOfDay({})",
    "week": "toDateTime(toMonday({}), 'UTC')",
    "month": "toDateTime(toStartOfMonth({}), 'UTC')",
}
_AGGREGATIONS = {
    "sum": "sum({})",
    "avg": "avg({})",
    "count": "count({})",
    "max": "max({})",
    "min": "min({})",
    "uniq": "uniqExact({})",
    **{f"p{percent}": f"quantileExactInclusive(0.{percent})(toFloat64({{}}))" for percent in (50, 75, 90, 95, 99)},
}

# What is joined, and what it is chosen by, lies in memory: beyond that a query is refused.
_LIMITS = {"max_bytes_in_join": 256 << 20, "max_bytes_in_set": 256 << 20}


def run(scope: ProjectScope, view: View, query: MetricsQuery, names: Sequence[str], order: str, limit: int) -> list[dict[str, Any]]:
    """At most `limit` rows of the view grouped by the dimensions of those names, in the order of that clause."""
    where = _conditions(scope, view, query)
    dimensions = [view.dimensions[name] for name in names]
    measures = [view.measures[metric.measure] for metric in query.metrics]
    chosen, grouped = _grouping(query, names, dimensions)
    chosen += [
        _aggregated(query, metric, measure, number) for number, (metric, measure) in enumerate(zip(query.metrics, measures, strict=True))
    ]
    sql = (
        f"SELECT {', '.join(chosen)} FROM ({_base(view, query, dimensions, measures, where)}) AS base"
        f" {' '.join(_join(where, view, query, name) for name in _joined(dimensions, measures))}"
        + (f" GROUP BY {', '.join(grouped)}" if grouped else "")
        + (f" ORDER BY {order}" if order else "")
        + f" LIMIT {int(limit)}"
    )
    return clickhouse.query(sql, where.params, _LIMITS)


def _conditions(scope: ProjectScope, view: View, query: MetricsQuery) -> Conditions:
    where = Conditions(scope)
    where.between(view.time, query.from_timestamp, query.to_timestamp)
    if view.only:
        where.add(view.only)
    filters: tuple[Filter, ...] = query.conditions
    apply(where, filters, view.columns)
    return where


def _base(view: View, query: MetricsQuery, dimensions: Sequence[Dimension], measures: Sequence[Measure], where: Conditions) -> str:
    """The view's own rows with what is asked of them, computed before anything is joined to them."""
    chosen = list(view.keys)
    if query.granularity:
        chosen.append(f"{_BUCKETS[query.granularity].format(view.time)} AS {TIME}")
    chosen += [f"{dimension.sql} AS d{number}" for number, dimension in enumerate(dimensions) if not dimension.join]
    chosen += [f"{measure.sql} AS m{number}" for number, measure in enumerate(measures) if not measure.join]
    expanded = [dimension.expand for dimension in dimensions if dimension.expand]
    parts = f" ARRAY JOIN mapKeys({expanded[0]}) AS part_name, mapValues({expanded[0]}) AS part_value" if expanded else ""
    return f"SELECT {', '.join(chosen)} FROM {view.table} FINAL{parts} WHERE {where.sql}"


def _join(where: Conditions, view: View, query: MetricsQuery, name: str) -> str:
    """What is joined, read only as far as rows of the time that is asked about can have a part in it.

    Its time is cut at whole days: FINAL must see every version of a row, and they lie in one.
    """
    join = view.joins[name]
    first, last = where.moment(query.from_timestamp), where.moment(query.to_timestamp)
    keys = (
        f"SELECT {join.of} FROM {view.table} WHERE project_id = {{project_id:String}} AND {view.time} >= {first} AND {view.time} < {last}"
    )
    parts = ["project_id = {project_id:String}", f"{join.key} IN ({keys})"]
    if join.before is not None:
        parts.append(f"{join.time} >= toStartOfDay({first}) - INTERVAL {join.before} DAY")
    if join.after is not None:
        parts.append(f"{join.time} < toStartOfDay({last}) + INTERVAL {join.after + 1} DAY")
    if join.only:
        parts.append(join.only)
    grouped = f" GROUP BY {join.group}" if join.group else ""
    return f"LEFT JOIN (SELECT {join.columns} FROM {join.table} FINAL WHERE {' AND '.join(parts)}{grouped}) AS {name} ON {join.on}"


def _joined(dimensions: Sequence[Dimension], measures: Sequence[Measure]) -> list[str]:
    return sorted({part.join for part in (*dimensions, *measures) if part.join})


def _grouping(query: MetricsQuery, names: Sequence[str], dimensions: Sequence[Dimension]) -> tuple[list[str], list[str]]:
    """What is selected of time and dimensions, and what is grouped by."""
    keys = [dimension.sql if dimension.join else f"d{number}" for number, dimension in enumerate(dimensions)]
    chosen = [f"{key} AS `{name}`" for key, name in zip(keys, names, strict=True)]
    return ([TIME, *chosen], [TIME, *keys]) if query.granularity else (chosen, keys)


def _aggregated(query: MetricsQuery, metric: Metric, measure: Measure, number: int) -> str:
    value = measure.sql if measure.join else f"m{number}"
    if measure.distinct:
        expression = f"uniqExact({value})"
    elif metric.aggregation == "histogram":
        expression = f"histogram({int(query.config.bins)})(toFloat64({value}))"
    else:
        expression = _AGGREGATIONS[metric.aggregation].format(value)
        expression = expression if metric.aggregation in ("count", "uniq") else f"toFloat64({expression})"
    return f"{expression} AS `{metric.key}`"


# --- the legacy days --------------------------------------------------------------------------------


def _of_traces(scope: ProjectScope, query: DailyQuery) -> Conditions:
    where = Conditions(scope)
    where.equal("name", query.trace_name)
    where.equal("user_id", query.user_id)
    where.any_of("environment", query.environments)
    if query.tags:
        where.add(f"hasAll(tags, {where.bind(list(query.tags), 'Array(String)')})")
    return where


def daily_traces(scope: ProjectScope, query: DailyQuery) -> list[dict[str, Any]]:
    """date, traces; newest first."""
    where = _of_traces(scope, query)
    where.between("timestamp", query.from_time, query.to_time)
    sql = f"SELECT toString(toDate(timestamp)) AS date, count() AS traces FROM traces FINAL WHERE {where.sql} GROUP BY date ORDER BY date DESC"
    return clickhouse.query(sql, where.params)


def daily_usage(scope: ProjectScope, query: DailyQuery) -> list[dict[str, Any]]:
    """date, model, traces, observations, cost, input, output, total; newest first, dear models first."""
    where = _of_traces(scope, query)
    narrowed = f" AND trace_id IN (SELECT id FROM traces FINAL WHERE {where.sql})" if where.filtered else ""
    times = Conditions(scope)
    times.params = where.params  # one set of parameters for the whole statement
    times.between("start_time", query.from_time, query.to_time)
    sql = (
        "SELECT toString(toDate(start_time)) AS date, provided_model_name AS model, uniqExact(trace_id) AS traces, count() AS observations,"
        f" toFloat64(sum(total_cost)) AS cost, sum({summed('usage_details', 'input')}) AS input,"
        f" sum({summed('usage_details', 'output')}) AS output, sum(usage_details['total']) AS total"
        f" FROM observations FINAL WHERE {times.sql}{narrowed} GROUP BY date, model ORDER BY date DESC, cost DESC, model"
    )
    return clickhouse.query(sql, where.params)
