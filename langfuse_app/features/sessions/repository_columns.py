"""What a filter of sessions may name (spec/api.md §9.5): the relational row, and what its traces, spans and scores add up to."""

from langfuse_app.core.filters.columns import Column, named
from langfuse_app.core.sql import summed

RELATIONAL = {
    "id": "id",
    "ID": "id",
    "createdAt": "created_at",
    "Created At": "created_at",
    "environment": "environment",
    "Environment": "environment",
    "bookmarked": "bookmarked",
    "⭐️": "bookmarked",
}
"""Name in a filter → column of trace_sessions."""

_TRACES = (
    "session_id IN (SELECT session_id FROM traces FINAL WHERE project_id = {project_id:String} AND session_id != ''"
    " GROUP BY session_id HAVING $condition)"
)
_ANY_TRACE = (
    "session_id IN (SELECT session_id FROM traces FINAL WHERE project_id = {project_id:String} AND session_id != '' AND $condition)"
)
_SPANS = (
    "session_id IN (SELECT _session FROM observations FINAL INNER JOIN (SELECT id AS _trace, session_id AS _session FROM traces FINAL"
    " WHERE project_id = {project_id:String} AND session_id != '') AS of_session ON trace_id = _trace"
    " WHERE project_id = {project_id:String} GROUP BY _session HAVING $condition)"
)
_SCORED = "session_id IN (SELECT session_id FROM scores FINAL WHERE project_id = {project_id:String} AND session_id != '' AND $condition)"

COLUMNS: dict[str, Column] = named(
    ("userIds", "User IDs", Column("groupUniqArrayIf(user_id, user_id != '')", "array", _TRACES)),
    ("tags", "Trace Tags", Column("groupUniqArrayArray(tags)", "array", _TRACES)),
    ("countTraces", "Traces Count", Column("count()", "number", _TRACES)),
    (
        "sessionDuration",
        "Session Duration (s)",
        Column("dateDiff('microsecond', min(start_time), max(coalesce(end_time, start_time))) / 1e6", "number", _SPANS),
    ),
    ("inputCost", "Input Cost ($)", Column(f"if(count(total_cost) = 0, NULL, sum({summed('cost_details', 'input')}))", "number", _SPANS)),
    (
        "outputCost",
        "Output Cost ($)",
        Column(f"if(count(total_cost) = 0, NULL, sum({summed('cost_details', 'output')}))", "number", _SPANS),
    ),
    ("totalCost", "Total Cost ($)", Column("sum(total_cost)", "number", _SPANS)),
    ("inputTokens", "Input Tokens", Column(f"sum({summed('usage_details', 'input')})", "number", _SPANS, zero=True)),
    ("outputTokens", "Output Tokens", Column(f"sum({summed('usage_details', 'output')})", "number", _SPANS, zero=True)),
    ("totalTokens", "Total Tokens", Column("sum(usage_details['total'])", "number", _SPANS, zero=True)),
    ("usage", "Usage", Column("sum(usage_details['total'])", "number", _SPANS, zero=True)),
    ("metadata", "Metadata", Column("metadata", "map", _ANY_TRACE)),
    ("scores_avg", "Scores (numeric)", Column("session_id", "score_averages", _SCORED)),
    ("score_categories", "Scores (categorical)", Column("", "score_categories", _SCORED)),
    ("score_booleans", "Scores (boolean)", Column("", "score_booleans", _SCORED)),
)
