"""Health's one query. It looks over all projects, and says nothing about any of them."""

from langfuse_app.stores import clickhouse

_WINDOW = "BETWEEN now64(6) - INTERVAL 3 MINUTE AND now64(6)"
_RECENT = f"""
SELECT (SELECT count() FROM (SELECT 1 FROM traces WHERE timestamp {_WINDOW} LIMIT 1)) AS traces,
       (SELECT count() FROM (SELECT 1 FROM observations WHERE start_time {_WINDOW} LIMIT 1)) AS observations
"""


def recent() -> tuple[int, int]:
    """Whether a trace and an observation began in the last three minutes, each as 0 or 1."""
    row = clickhouse.query(_RECENT)[0]
    return row["traces"], row["observations"]
