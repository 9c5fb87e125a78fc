"""Health's one query. It looks over all projects, and says nothing about any of them."""

from langfuse_app.stores import clickhouse

_RECENT = """
SELECT (SELECT count() FROM traces WHERE timestamp >= now() - INTERVAL 3 MINUTE AND timestamp <= now() LIMIT 1) AS traces,
       (SELECT count() FROM observations WHERE start_time >= now() - INTERVAL 3 MINUTE AND start_time <= now() LIMIT 1) AS observations
"""


def recent() -> tuple[int, int]:
    """Traces and observations (versions of rows) that began in the last three minutes."""
    row = clickhouse.query(_RECENT)[0]
    return row["traces"], row["observations"]
