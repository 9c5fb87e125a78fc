"""What the query language knows (spec/api.md §8.1): views with their dimensions and measures, as data.

Expressions of a view read its own table; those with a `join` read what is joined to it: `trace`, `observation`, `run`,
`spans` (sums over a trace's observations) or `marks` (counts of scores).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from langfuse_app.core.filters.columns import Column, Columns, named
from langfuse_app.core.sql import known, summed
from langfuse_app.features.observations.repository_columns import COLUMNS as OBSERVATION_COLUMNS
from langfuse_app.features.scores.repository_columns import COLUMNS as SCORE_COLUMNS
from langfuse_app.features.traces.repository_columns import columns as trace_columns


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by. high: the newer route asks for a row limit with it. expand: a map whose keys become rows."""

    sql: str
    join: str = ""
    high: bool = False
    expand: str = ""
    kind: str = "text"  # text ('' is absent), number, flag, list


@dataclass(frozen=True, slots=True)
class Measure:
    """What is aggregated. distinct: whatever is asked for, different values are counted. text: it can only be counted.
    by: the dimension that comes with it.
    """

    sql: str
    join: str = ""
    distinct: bool = False
    text: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """What is found beside a view's rows, at most one row for each: rows of `table` whose `key` is `of` in the view.

    before, after: so many days they may lie outside of the time that is asked about; None is any time.
    """

    table: str
    time: str
    columns: str
    key: str
    of: str
    on: str
    before: int | None = None
    after: int | None = None
    only: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A table with what may be asked of it. `keys` are what joins need of its rows; `only` holds for all of them."""

    table: str
    time: str
    keys: tuple[str, ...]
    dimensions: Mapping[str, Dimension]
    measures: Mapping[str, Measure]
    columns: Columns
    only: str = ""
    joins: Mapping[str, Join] = field(default_factory=dict[str, Join])


def _ms(start: str, end: str) -> str:
    return f"dateDiff('microsecond', {start}, {end}) / 1000"


def _texts(*entries: tuple[str, str], join: str = "", high: bool = False) -> dict[str, Dimension]:
    return {name: Dimension(sql, join, high) for name, sql in entries}


# --- joins --------------------------------------------------------------------------------------------

_SKEW = 2  # days by which clocks and late events may disagree
_LONGEST = 30  # days from a trace's beginning to the observations that still count

_TRACE = Join(
    table="traces",
    time="timestamp",
    columns="id AS key, name, user_id, session_id, release, version, tags",
    key="id",
    of="trace_id",
    on="trace.key = base.trace_id",
    after=_SKEW,
)
_OBSERVATION = Join(
    table="observations",
    time="start_time",
    columns="trace_id AS key, id AS key_too, name, provided_model_name, prompt_name, prompt_version",
    key="trace_id",
    of="trace_id",
    on="observation.key = base.trace_id AND observation.key_too = base.observation_id",
    after=_SKEW,
)
_RUN = Join(
    table="observations",
    time="start_time",
    columns="experiment_id AS key, any(experiment_name) AS name",
    key="experiment_id",
    of="dataset_run_id",
    on="run.key = base.dataset_run_id",
    after=_SKEW,
    only="experiment_id != ''",
    group="key",
)
_SPANS = Join(
    table="observations",
    time="start_time",
    columns=(
        "trace_id AS key, count() AS count, min(start_time) AS first, max(coalesce(end_time, start_time)) AS last,"
        " sum(usage_details['total']) AS tokens, sum(total_cost) AS cost"
    ),
    key="trace_id",
    of="id",
    on="spans.key = base.id",
    before=_SKEW,
    after=_LONGEST,
    group="key",
)
_TRACE_MARKS = Join(
    table="scores",
    time="timestamp",
    columns="trace_id AS key, count() AS count",
    key="trace_id",
    of="id",
    on="marks.key = base.id",
    before=_SKEW,
    group="key",
)
_MARKS = Join(
    table="scores",
    time="timestamp",
    columns="trace_id AS key, observation_id AS key_too, count() AS count",
    key="trace_id",
    of="trace_id",
    on="marks.key = base.trace_id AND marks.key_too = base.id",
    before=_SKEW,
    only="observation_id != ''",
    group="key, key_too",
)

_OF_TRACE = {
    **_texts(("traceName", "trace.name"), ("traceRelease", "trace.release"), ("traceVersion", "trace.version"), join="trace"),
    "tags": Dimension("trace.tags", "trace", kind="list"),
}
_OF_PERSON = (("userId", "trace.user_id"), ("sessionId", "trace.session_id"))
_COUNT = Measure("1")
_UNIQUE = {
    "uniqueUserIds": Measure("nullIf(trace.user_id, '')", "trace", distinct=True),
    "uniqueSessionIds": Measure("nullIf(trace.session_id, '')", "trace", distinct=True),
}

# --- traces -----------------------------------------------------------------------------------------

TRACES = View(
    table="traces",
    time="timestamp",
    keys=("id",),
    dimensions={
        **_texts(
            *(("id", "id"), ("name", "name"), ("userId", "user_id"), ("sessionId", "session_id"), ("release", "release")),
            *(("version", "version"), ("environment", "environment"), ("timestampMonth", "formatDateTime(timestamp, '%Y-%m')")),
        ),
        "tags": Dimension("tags", kind="list"),
    },
    measures={
        "count": _COUNT,
        "observationsCount": Measure("spans.count", "spans"),
        "scoresCount": Measure("marks.count", "marks"),
        "uniqueUserIds": Measure("nullIf(user_id, '')", distinct=True),
        "uniqueSessionIds": Measure("nullIf(session_id, '')", distinct=True),
        "latency": Measure(f"if(spans.count = 0, NULL, {_ms('spans.first', 'spans.last')})", "spans"),
        "totalTokens": Measure("spans.tokens", "spans"),
        "totalCost": Measure("spans.cost", "spans"),
    },
    columns=trace_columns(),
    joins={"spans": _SPANS, "marks": _TRACE_MARKS},
)

# --- observations -----------------------------------------------------------------------------------

_LATENCY = _ms("start_time", "end_time")
_OBSERVATION_DIMENSIONS = {
    **_texts(
        *(("environment", "environment"), ("type", "type"), ("name", "name"), ("level", "level"), ("version", "version")),
        *(("providedModelName", "provided_model_name"), ("promptName", "prompt_name")),
        ("startTimeMonth", "formatDateTime(start_time, '%Y-%m')"),
    ),
    **_OF_TRACE,
    "promptVersion": Dimension("prompt_version", kind="number"),
    "toolNames": Dimension("mapKeys(tool_definitions)", kind="list"),
    "calledToolNames": Dimension("tool_call_names", kind="list"),
}
_OBSERVATION_MEASURES = {
    "count": _COUNT,
    "latency": Measure(_LATENCY),
    "streamingLatency": Measure(_ms("completion_start_time", "end_time")),
    "inputTokens": Measure(summed("usage_details", "input")),
    "outputTokens": Measure(summed("usage_details", "output")),
    "totalTokens": Measure("usage_details['total']"),
    "outputTokensPerSecond": Measure(f"if(end_time > start_time, {summed('usage_details', 'output')} / ({_LATENCY}) * 1000, NULL)"),
    "tokensPerSecond": Measure(f"if(end_time > start_time, usage_details['total'] / ({_LATENCY}) * 1000, NULL)"),
    "inputCost": Measure(known("cost_details", "input")),
    "outputCost": Measure(known("cost_details", "output")),
    "totalCost": Measure("total_cost"),
    "timeToFirstToken": Measure(_ms("start_time", "completion_start_time")),
    "countScores": Measure("marks.count", "marks"),
    "toolDefinitions": Measure("length(mapKeys(tool_definitions))"),
    "toolCalls": Measure("length(tool_calls)"),
}
_OBSERVATION_JOINS = {"trace": replace(_TRACE, before=_LONGEST), "marks": _MARKS}
_OBSERVATION_FILTERS = OBSERVATION_COLUMNS | named(
    ("traceRelease", "Trace Release", OBSERVATION_COLUMNS["release"]),
    ("traceVersion", "Trace Version", Column("version", "string", OBSERVATION_COLUMNS["release"].wrap)),
)
_OBSERVATION_KEYS = ("trace_id", "id")

OBSERVATIONS_V1 = View(
    table="observations",
    time="start_time",
    keys=_OBSERVATION_KEYS,
    dimensions={
        **_texts(("id", "id"), ("traceId", "trace_id"), ("parentObservationId", "parent_observation_id")),
        **_OBSERVATION_DIMENSIONS,
        **_texts(*_OF_PERSON, join="trace"),
    },
    measures=_OBSERVATION_MEASURES,
    columns=_OBSERVATION_FILTERS,
    joins=_OBSERVATION_JOINS,
)
OBSERVATIONS = View(
    table="observations",
    time="start_time",
    keys=_OBSERVATION_KEYS,
    dimensions={
        **_texts(("id", "id"), ("traceId", "trace_id"), ("parentObservationId", "parent_observation_id"), high=True),
        **_OBSERVATION_DIMENSIONS,
        **_texts(*_OF_PERSON, join="trace", high=True),
        **_texts(("release", "trace.release"), join="trace"),
        **_texts(
            *(("experimentName", "experiment_name"), ("experimentDatasetId", "experiment_dataset_id"), ("experimentId", "experiment_id")),
            high=True,
        ),
        "isRootObservation": Dimension("toBool(parent_observation_id = '' OR is_app_root)", kind="flag"),
        "costType": Dimension("part_name", expand="cost_details"),
        "usageType": Dimension("part_name", expand="usage_details"),
    },
    measures={
        **_OBSERVATION_MEASURES,
        **_UNIQUE,
        "traceId": Measure("nullIf(trace_id, '')", text=True),
        "costByType": Measure("part_value", by="costType"),
        "usageByType": Measure("part_value", by="usageType"),
    },
    columns=_OBSERVATION_FILTERS,
    joins=_OBSERVATION_JOINS,
)

# --- scores -----------------------------------------------------------------------------------------

_SCORE_DIMENSIONS = {
    **_texts(
        *(("environment", "environment"), ("name", "name"), ("source", "source"), ("dataType", "data_type"), ("configId", "config_id")),
        *(("timestampMonth", "formatDateTime(timestamp, '%Y-%m')"), ("timestampDay", "formatDateTime(timestamp, '%Y-%m-%d')")),
    ),
    **_OF_TRACE,
    **_texts(
        *(("observationName", "observation.name"), ("observationModelName", "observation.provided_model_name")),
        ("observationPromptName", "observation.prompt_name"),
        join="observation",
    ),
    "observationPromptVersion": Dimension("observation.prompt_version", "observation", kind="number"),
}
_SCORE_IDS = (("id", "id"), ("traceId", "trace_id"), ("observationId", "observation_id"))
_EVALUATOR = ("evaluatorId", "''")  # no score names its evaluator yet
_VALUE = Measure("value")
_KINDS: dict[str, tuple[str, dict[str, Dimension], dict[str, Measure]]] = {
    "scores-numeric": ("data_type IN ('NUMERIC', 'BOOLEAN')", {"value": Dimension("value", kind="number")}, {"value": _VALUE}),
    "scores-boolean": ("data_type = 'BOOLEAN'", {"booleanValue": Dimension("toBool(value = 1)", kind="flag")}, {"value": _VALUE}),
    "scores-categorical": ("data_type = 'CATEGORICAL'", _texts(("stringValue", "string_value")), {}),
}
_SCORE_FILTERS = SCORE_COLUMNS | {
    name: Column(sql, "string", SCORE_COLUMNS["traceName"].wrap) for name, sql in (("traceRelease", "release"), ("traceVersion", "version"))
}


def _scores(kind: str, dimensions: dict[str, Dimension]) -> View:
    only, own, measures = _KINDS[kind]
    return View(
        table="scores",
        time="timestamp",
        keys=("trace_id", "observation_id", "dataset_run_id"),
        dimensions=_SCORE_DIMENSIONS | own | dimensions,
        measures={"count": _COUNT, **measures},
        columns=_SCORE_FILTERS,
        only=only,
        joins={"trace": _TRACE, "observation": _OBSERVATION, "run": _RUN},
    )


_SCORES_V1 = {**_texts(*_SCORE_IDS, _EVALUATOR), **_texts(*_OF_PERSON, join="trace")}
_SCORES_V2 = {
    **_texts(*_SCORE_IDS, _EVALUATOR, ("sessionId", "session_id"), ("datasetRunId", "dataset_run_id"), high=True),
    **_texts(("userId", "trace.user_id"), join="trace", high=True),
    **_texts(("experimentId", "dataset_run_id"), high=True),
    **_texts(("experimentName", "run.name"), join="run", high=True),
}

V1: dict[str, View] = {
    "traces": TRACES,
    "observations": OBSERVATIONS_V1,
    **{kind: _scores(kind, _SCORES_V1) for kind in _KINDS},
}
V2: dict[str, View] = {"observations": OBSERVATIONS, **{kind: _scores(kind, _SCORES_V2) for kind in _KINDS}}
