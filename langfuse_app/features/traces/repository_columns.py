"""What a filter of traces may name (spec/api.md §9.1): the row itself, sums over its observations, its scores."""

from langfuse_app.core.filters.columns import Column, named, plain
from langfuse_app.core.sql import summed

_SCORED = "id IN (SELECT trace_id FROM scores FINAL WHERE project_id = {project_id:String} AND trace_id != '' AND $condition)"
_IN_DATASET = (
    "id IN (SELECT trace_id FROM observations FINAL WHERE project_id = {project_id:String} AND experiment_dataset_id != '' AND $condition)"
)


_ROW: dict[str, Column] = {
    **plain(
        "string",
        ("id", "ID", "id"),
        ("name", "Name", "name"),
        ("userId", "User ID", "user_id"),
        ("sessionId", "Session ID", "session_id"),
        ("version", "Version", "version"),
        ("release", "Release", "release"),
        ("environment", "Environment", "environment"),
        ("input", "Input", "input"),
        ("output", "Output", "output"),
        # no row has one: evaluators write scores, and what they observe is not marked
        ("evaluatorId", "Evaluator ID", "''"),
        ("ruleId", "Rule ID", "''"),
    ),
    **plain("boolean", ("bookmarked", "⭐️", "bookmarked"), ("public", "Public", "public")),
    **plain("datetime", ("timestamp", "Timestamp", "timestamp")),
    **plain("map", ("metadata", "Metadata", "metadata")),
    **plain("array", ("traceTags", "Tags", "tags")),
    **named(
        ("datasetId", "Dataset", Column("experiment_dataset_id", "string", _IN_DATASET)),
        ("scores_avg", "Scores (numeric)", Column("trace_id", "score_averages", _SCORED)),
        ("score_categories", "Scores (categorical)", Column("", "score_categories", _SCORED)),
        ("score_booleans", "Scores (boolean)", Column("", "score_booleans", _SCORED)),
    ),
}
_ALIASES = {"traceName": "name", "traceId": "id", "tags": "traceTags", "Trace Tags": "traceTags"}

# the worst level of the trace
_LEVEL = "multiIf(countIf(level = 'ERROR') > 0, 'ERROR', countIf(level = 'WARNING') > 0, 'WARNING', countIf(level = 'DEFAULT') > 0, 'DEFAULT', 'DEBUG')"
# counted as 0 for a trace without observations
_COUNTS = (
    ("errorCount", "Error Level Count", "countIf(level = 'ERROR')"),
    ("warningCount", "Warning Level Count", "countIf(level = 'WARNING')"),
    ("defaultCount", "Default Level Count", "countIf(level = 'DEFAULT')"),
    ("debugCount", "Debug Level Count", "countIf(level = 'DEBUG')"),
    ("inputTokens", "Input Tokens", f"sum({summed('usage_details', 'input')})"),
    ("outputTokens", "Output Tokens", f"sum({summed('usage_details', 'output')})"),
    ("totalTokens", "Total Tokens", "sum(usage_details['total'])"),
    ("tokens", "Tokens", "sum(usage_details['total'])"),
)
# absent for a trace without observations, or without costs
_SUMS = (
    ("latency", "Latency (s)", "dateDiff('microsecond', min(start_time), max(coalesce(end_time, start_time))) / 1e6"),
    ("inputCost", "Input Cost ($)", f"if(count(total_cost) = 0, NULL, sum({summed('cost_details', 'input')}))"),
    ("outputCost", "Output Cost ($)", f"if(count(total_cost) = 0, NULL, sum({summed('cost_details', 'output')}))"),
    ("totalCost", "Total Cost ($)", "sum(total_cost)"),
)


def columns(since: str = "") -> dict[str, Column]:
    """The columns. since: SQL of the moment before which no trace is asked for; spans are looked for from two days earlier on."""
    within = f" AND start_time >= {since} - INTERVAL 2 DAY" if since else ""
    summed_up = (
        f"id IN (SELECT trace_id FROM observations FINAL WHERE project_id = {{project_id:String}}{within}"
        " GROUP BY trace_id HAVING $condition)"
    )
    found = _ROW | named(
        ("level", "Level", Column(_LEVEL, "string", summed_up)),
        *((id, title, Column(sql, "number", summed_up, zero=True)) for id, title, sql in _COUNTS),
        *((id, title, Column(sql, "number", summed_up)) for id, title, sql in _SUMS),
    )
    return found | {alias: found[name] for alias, name in _ALIASES.items()}
