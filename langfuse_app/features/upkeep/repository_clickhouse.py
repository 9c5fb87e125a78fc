"""The parts that tables lie in on disk; not one project's, so nothing here takes a scope."""

from dataclasses import dataclass

from langfuse_app.stores import clickhouse

_TABLES = ("observations", "traces", "scores")


@dataclass(frozen=True, slots=True)
class Partition:
    """A month of a table: its parts, the lowest merge level among them, bytes of all and of the largest, seconds since the last write."""

    table: str
    id: str
    parts: int
    level: int
    bytes: int
    largest: int
    quiet_s: int


def partitions() -> list[Partition]:
    """The months of the tables whose rows have versions; those that are being merged are left out."""
    rows = clickhouse.query(
        "SELECT table, partition_id AS id, count() AS parts, min(level) AS level, sum(bytes_on_disk) AS bytes,"
        " max(bytes_on_disk) AS largest, greatest(0, dateDiff('second', max(modification_time), now())) AS quiet_s FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}"
        " AND (table, partition_id) NOT IN (SELECT table, partition_id FROM system.merges WHERE database = currentDatabase())"
        " GROUP BY table, partition_id ORDER BY table, partition_id",
        {"tables": list(_TABLES)},
    )
    return [Partition(**row) for row in rows]


def merge(partition: Partition) -> None:
    """Make one part of the month; ends when it is done."""
    clickhouse.command(f"OPTIMIZE TABLE {partition.table} PARTITION ID {{partition:String}} FINAL", {"partition": partition.id})
