"""Questions as paths of the public API."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

SHOWN = "core,io,metrics"  # what a table of traces shows, costs among it


def listing(route: str, **params: Any) -> str:
    """A route with its query."""
    return f"/api/public/{route}?{urlencode({name: value for name, value in params.items() if value is not None})}"


def condition(type: str, column: str, operator: str, value: Any, key: str = "") -> str:
    """One filter, as JSON."""
    return json.dumps([{"type": type, "column": column, "operator": operator, "value": value, "key": key}])


def traces(**params: Any) -> str:
    """The 50 newest traces that match."""
    return listing("traces", limit=50, fields=SHOWN, **params)


def tenant(name: str) -> str:
    """Traces whose metadata say so."""
    return traces(filter=condition("stringObject", "metadata", "=", name, "tenant"))


def trace(id: str) -> str:
    """One trace with all that belongs to it."""
    return f"/api/public/traces/{id}"


def containing(text: str, since: datetime | None = None) -> str:
    """The 50 newest spans with that text in their input."""
    wanted = condition("string", "input", "contains", text)
    return listing("v2/observations", limit=50, filter=wanted, fromStartTime=since and since.isoformat())


def counted(since: datetime) -> str:
    """A page of one span, with the number of all."""
    return listing("observations", limit=1, fromStartTime=since.isoformat())


def metric(measure: str, aggregation: str, window: tuple[datetime, datetime], dimension: str = "") -> str:
    """A figure of all spans; with a dimension, by it and by day."""
    query: dict[str, Any] = {"view": "observations", "metrics": [{"measure": measure, "aggregation": aggregation}], "filters": []}
    query |= {"fromTimestamp": window[0].isoformat(), "toTimestamp": window[1].isoformat()}
    if dimension:
        query |= {"dimensions": [{"field": dimension}], "timeDimension": {"granularity": "day"}}
    return listing("metrics", query=json.dumps(query))


def prompt(name: str) -> str:
    """The version of a prompt with the label that applications read."""
    return f"/api/public/v2/prompts/{quote(name, safe='')}?label=production"
