"""What exports read from ClickHouse, in ClickHouse's own file formats (spec/backend.md §10.5)."""

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.sql import Conditions
from langfuse_app.features.blob_storage.schemas import FieldGroup, FileType
from langfuse_app.stores import clickhouse

_CORE, _BASIC, _METADATA, _IO = FieldGroup.CORE, FieldGroup.BASIC, FieldGroup.METADATA, FieldGroup.IO
_LATENCY = "dateDiff('microsecond', start_time, {end}) / 1e6"
_JSON = {"output_format_json_quote_64bit_integers": 0, "output_format_json_array_of_rows": 0}
_FORMATS: Mapping[FileType, tuple[str, dict[str, int]]] = {
    FileType.JSONL: ("JSONEachRow", _JSON),
    FileType.JSON: ("JSONEachRow", _JSON | {"output_format_json_array_of_rows": 1}),
    FileType.CSV: ("CSVWithNames", {}),
    FileType.PARQUET: ("Parquet", {}),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, what it is in the table, and the field group that it belongs to. Absent text is null."""

    name: str
    group: FieldGroup = FieldGroup.CORE
    sql: str = ""
    kind: str = "plain"  # "text": an empty one is null; "nested": JSON text in CSV

    def select(self, file_type: FileType) -> str:
        """The expression with its name. JSON and CSV have times as ISO 8601, Parquet has its own kind of time."""
        sql = self.sql or f"t.{self.name}"
        if self.kind == "text":
            sql = f"nullIf({sql}, '')"
        if self.kind == "nested" and file_type is FileType.CSV:
            sql = f"toJSONString({sql})"
        return f"{sql} AS {self.name}"


def _columns(group: FieldGroup, kind: str, names: str) -> tuple[Column, ...]:
    return tuple(Column(name, group, kind=kind) for name in names.split())


@dataclass(frozen=True, slots=True)
class Table:
    """A table of an export: where its rows lie and by which time they belong to a window."""

    name: str
    source: str
    time: str
    columns: tuple[Column, ...]


_TRACES = Table(
    "traces",
    "traces",
    "timestamp",
    (
        *_columns(_CORE, "plain", "id project_id timestamp environment"),
        *_columns(_CORE, "text", "name user_id session_id release version"),
        *_columns(_CORE, "plain", "public bookmarked"),
        *_columns(_CORE, "nested", "tags metadata"),
        *_columns(_CORE, "text", "input output"),
        *_columns(_CORE, "plain", "created_at updated_at"),
    ),
)
_SCORES = Table(
    "scores",
    "scores",
    "timestamp",
    (
        *_columns(_CORE, "plain", "id project_id timestamp environment name data_type value source"),
        *_columns(_CORE, "text", "string_value long_string_value trace_id session_id observation_id dataset_run_id comment"),
        *_columns(_CORE, "nested", "metadata"),
        *_columns(_CORE, "text", "author_user_id config_id queue_id"),
        *_columns(_CORE, "plain", "created_at updated_at"),
    ),
)
_OBSERVATION = (
    *_columns(_CORE, "plain", "id trace_id project_id type start_time end_time"),
    *_columns(_CORE, "text", "parent_observation_id"),
    *_columns(_BASIC, "plain", "environment level"),
    *_columns(_BASIC, "text", "name status_message version"),
    *_columns(FieldGroup.TIME, "plain", "completion_start_time created_at updated_at"),
    *_columns(_IO, "text", "input output"),
    *_columns(_METADATA, "nested", "metadata"),
    *_columns(FieldGroup.MODEL, "text", "provided_model_name model_parameters"),
    Column("model_id", FieldGroup.MODEL, "t.internal_model_id", "text"),
    *_columns(FieldGroup.USAGE, "nested", "usage_details cost_details"),
    *_columns(FieldGroup.USAGE, "plain", "total_cost"),
    *_columns(FieldGroup.USAGE, "text", "usage_pricing_tier_name"),
    *_columns(FieldGroup.PROMPT, "text", "prompt_id prompt_name"),
    *_columns(FieldGroup.PROMPT, "plain", "prompt_version"),
    Column("latency", FieldGroup.METRICS, _LATENCY.format(end="end_time")),
    Column("time_to_first_token", FieldGroup.METRICS, _LATENCY.format(end="completion_start_time")),
    *_columns(FieldGroup.TOOLS, "nested", "tool_definitions tool_calls tool_call_names"),
)
_OF_TRACE = (
    *_columns(FieldGroup.TRACE_CONTEXT, "text", "trace_name user_id session_id release"),
    *_columns(FieldGroup.TRACE_CONTEXT, "nested", "tags"),
)
_OBSERVATIONS = Table("observations", "observations", "start_time", _OBSERVATION)
_OBSERVATIONS_V2 = Table("observations_v2", "observations", "start_time", _OBSERVATION + _OF_TRACE)
TABLES = {table.name: table for table in (_TRACES, _OBSERVATIONS, _SCORES, _OBSERVATIONS_V2)}


def earliest(scope: ProjectScope, table: Table, since: datetime | None, until: datetime) -> datetime | None:
    """The time of the first row in [since, until), None without any; at times that of a row that is there no more.

    Without FINAL, because a run asks once for every window.
    """
    where = Conditions(scope)
    where.between(table.time, since, until)
    where.add("is_deleted = 0")
    sql = f"SELECT min({table.time}) AS first, count() AS n FROM {table.source} WHERE {where.sql}"
    row = clickhouse.query(sql, where.params)[0]
    return row["first"] if row["n"] else None


@contextmanager
def rows(
    scope: ProjectScope, table: Table, groups: Collection[str], file_type: FileType, since: datetime, until: datetime
) -> Generator[Iterator[bytes]]:
    """The rows in [since, until) as bytes of a file of that type; of observations only the columns of the groups."""
    where = Conditions(scope)
    where.between(table.time, since, until)
    wanted = [column.select(file_type) for column in table.columns if column.group in groups]
    fmt, settings = _FORMATS[file_type]
    sql = f"SELECT {', '.join(wanted)} FROM (SELECT * FROM {table.source} FINAL WHERE {where.sql}) AS t"
    with clickhouse.stream(sql, fmt, where.params, settings | {"date_time_output_format": "iso"}) as pieces:
        yield pieces
