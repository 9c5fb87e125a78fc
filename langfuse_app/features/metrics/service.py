"""Running queries of the metrics language (spec/api.md §8); dashboards ask the same door."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import isfinite
from typing import Any, TypeVar

from langfuse_app.core.errors import InvalidRequestError, QueryTooHeavyError
from langfuse_app.core.filters.columns import column_of
from langfuse_app.core.filters.parse import filters_of
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import iso_ms
from langfuse_app.features.metrics import repository_clickhouse as repository
from langfuse_app.features.metrics.schemas import TIME, DailyOut, DailyQuery, DailyUsageOut, Granularity, MetricsQuery
from langfuse_app.features.metrics.views import V1, V2, View

ROWS_V2, ROWS_MOST = 100, 10_000
COUNTING = ("uniq", "count")

Row = dict[str, Any]
T = TypeVar("T")


def run_v1(scope: ProjectScope, query: MetricsQuery) -> list[Row]:
    """Rows of a query of the older route. InvalidRequestError, ValidationFailedError, QueryTooHeavyError (also of too many rows)."""
    return _run(scope, query, V1, query.config.row_limit)


def run(scope: ProjectScope, query: MetricsQuery) -> list[Row]:
    """Rows of a query of the newer route; errors as run_v1."""
    view = _view(query, V2)
    high = [name for name in _names(view, query) if name in view.dimensions and view.dimensions[name].high]
    if high and not _bounded(query):
        raise InvalidRequestError(
            f"Dimension {', '.join(high)} has too many values for an open query: give config.row_limit and a descending orderBy"
            " on a metric, and no timeDimension"
        )
    return _run(scope, query, V2, query.config.row_limit or (None if _filled(query) else ROWS_V2))


def _bounded(query: MetricsQuery) -> bool:
    keys = {metric.key for metric in query.metrics}
    ordered = any(order.field in keys and order.direction == "desc" for order in query.order_by or ())
    return bool(query.config.row_limit) and ordered and query.granularity is None


def _run(scope: ProjectScope, query: MetricsQuery, views: Mapping[str, View], limit: int | None) -> list[Row]:
    """Rows to a limit that was asked for; without one all of them, or none (QueryTooHeavyError): never a part that looks whole."""
    view = _view(query, views)
    names = _names(view, query)
    filled = _filled(query)
    if filled and limit is None:
        _bounded_rows(islice(buckets(query.from_timestamp, query.to_timestamp, filled), ROWS_MOST + 1))
    found = repository.run(scope, view, query, names, _order(query, names), limit or ROWS_MOST + 1)
    rows = map(_plain, found)
    if filled:
        rows = _with_empty_buckets(list(rows), query, names, filled)
    return list(islice(rows, limit)) if limit else _bounded_rows(rows)


def _filled(query: MetricsQuery) -> Granularity | None:
    """The width of the buckets, where those without rows are shown too."""
    return None if query.order_by else query.granularity


def _bounded_rows(rows: Iterable[T]) -> list[T]:
    found = list(islice(rows, ROWS_MOST + 1))
    if len(found) > ROWS_MOST:
        raise QueryTooHeavyError(
            f"the answer has more than {ROWS_MOST} rows, choose a coarser timeDimension, a shorter time range or fewer dimensions,"
            " or give config.row_limit"
        )
    return found


def _view(query: MetricsQuery, views: Mapping[str, View]) -> View:
    view = views.get(query.view)
    if view is None:
        raise InvalidRequestError(f"Invalid view {query.view[:100]!r}. Must be one of {', '.join(views)}")
    for metric in query.metrics:
        _check_measure(view, metric.measure, metric.aggregation)
    return view


def _check_measure(view: View, name: str, aggregation: str) -> None:
    measure = view.measures.get(name)
    if measure is None:
        raise InvalidRequestError(f"Invalid metric {name[:100]!r}. Must be one of {', '.join(view.measures)}")
    if measure.text and aggregation not in COUNTING:
        raise InvalidRequestError(f"Invalid aggregation {aggregation} of {name}. Must be one of {', '.join(COUNTING)}")


def check_parts(view: str, dimensions: Sequence[str], measures: Sequence[tuple[str, str]], filters: Any) -> None:
    """Whether the newer route would take a query of these parts. InvalidRequestError, ValidationFailedError."""
    known = V2.get(view)
    if known is None:
        raise InvalidRequestError(f"Invalid view {view[:100]!r}. Must be one of {', '.join(V2)}")
    for measure, aggregation in measures:
        _check_measure(known, measure, aggregation)
    for name in dimensions:
        if name not in known.dimensions:
            raise InvalidRequestError(f"Invalid dimension {name[:100]!r}. Must be one of {', '.join(known.dimensions)}")
    for one in filters_of(filters, ("filters",)):
        column_of(one, known.columns)


def _names(view: View, query: MetricsQuery) -> list[str]:
    """Dimensions asked for, and those that come with a measure, each once."""
    asked = [dimension.field for dimension in query.dimensions]
    with_measures = [by for metric in query.metrics if (by := view.measures[metric.measure].by)]
    names = list(dict.fromkeys([*asked, *with_measures]))
    for name in names:
        if name not in view.dimensions:
            raise InvalidRequestError(f"Invalid dimension {name[:100]!r}. Must be one of {', '.join(view.dimensions)}")
    if len({view.dimensions[name].expand for name in names} - {""}) > 1:
        raise InvalidRequestError("costType and usageType cannot stand in one query: ask twice")
    return names


def _order(query: MetricsQuery, names: Sequence[str]) -> str:
    """ORDER BY: as asked, else by time, else the first metric descending; the dimensions make it total."""
    known = [*(metric.key for metric in query.metrics), *names, *([TIME] if query.granularity else [])]
    rest = [f"`{name}` ASC" for name in names]
    if query.order_by:
        for order in query.order_by:
            if order.field not in known:
                raise InvalidRequestError(f"Invalid orderBy field {order.field[:100]!r}. Must be one of {', '.join(known)}")
        return ", ".join([*(f"`{order.field}` {order.direction.upper()}" for order in query.order_by), *rest])
    if query.granularity:
        return ", ".join([f"{TIME} ASC", f"`{query.metrics[0].key}` DESC", *rest])
    return ", ".join([f"`{query.metrics[0].key}` DESC", *rest]) if names else ""


def _plain(row: Row) -> Row:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, tuple | list):
        return [_value(part) for part in value]
    return None if value == "" else value


# --- buckets --------------------------------------------------------------------------------------


def _with_empty_buckets(rows: list[Row], query: MetricsQuery, names: Sequence[str], granularity: Granularity) -> Iterator[Row]:
    """Rows in the order of time, and one of zeros for each bucket without any."""
    by_time: dict[str, list[Row]] = {}
    for row in rows:
        by_time.setdefault(row[TIME], []).append(row)
    empty = dict.fromkeys(names) | {metric.key: [] if metric.aggregation == "histogram" else 0 for metric in query.metrics}
    for bucket in buckets(query.from_timestamp, query.to_timestamp, granularity):
        stamp = iso_ms(bucket)
        yield from by_time.get(stamp) or [{TIME: stamp, **empty}]


def buckets(start: datetime, end: datetime, granularity: Granularity) -> Iterator[datetime]:
    """Starts of the buckets that [start, end) touches, in UTC."""
    at = _floor(start.astimezone(UTC), granularity)
    while at < end:
        yield at
        at = _next(at, granularity)


def _floor(at: datetime, granularity: Granularity) -> datetime:
    if granularity == "minute":
        return at.replace(second=0, microsecond=0)
    if granularity == "hour":
        return at.replace(minute=0, second=0, microsecond=0)
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if granularity == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == "month" else day


def _next(at: datetime, granularity: Granularity) -> datetime:
    if granularity == "month":
        return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    steps = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
    return at + steps[granularity]


# --- days -----------------------------------------------------------------------------------------


def daily(scope: ProjectScope, query: DailyQuery) -> Page[DailyOut]:
    """Days that had traces or observations, newest first (spec/api.md §8.2)."""
    traces = {row["date"]: row["traces"] for row in repository.daily_traces(scope, query)}
    usage: dict[str, list[Row]] = {}
    for row in repository.daily_usage(scope, query):
        usage.setdefault(row["date"], []).append(row)
    dates = sorted(traces.keys() | usage.keys(), reverse=True)
    start = (query.page - 1) * query.limit
    days = [_day(date, traces.get(date, 0), usage.get(date, [])) for date in dates[start : start + query.limit]]
    return Page(days, query.page, query.limit, len(dates))


def _day(date: str, traces: int, models: list[Row]) -> DailyOut:
    return DailyOut(
        date=date,
        count_traces=traces,
        count_observations=sum(row["observations"] for row in models),
        total_cost=sum(row["cost"] or 0.0 for row in models),
        usage=[_model(row) for row in models],
    )


def _model(row: Row) -> DailyUsageOut:
    return DailyUsageOut(
        model=row["model"] or None,
        input_usage=row["input"],
        output_usage=row["output"],
        total_usage=row["total"],
        count_traces=row["traces"],
        count_observations=row["observations"],
        total_cost=row["cost"] or 0.0,
    )
