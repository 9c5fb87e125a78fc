"""What a filter of observations may name (spec/api.md §9.2, §9.3): one table for both generations of routes."""

from langfuse_app.core.filters.columns import Column, Kind, named, plain
from langfuse_app.core.sql import known, summed

# The trace row is the truth about what belongs to the trace, whatever a span carried.
_OF_TRACE = "trace_id IN (SELECT id FROM traces FINAL WHERE project_id = {project_id:String} AND $condition)"
_SCORED = (
    "(trace_id, id) IN (SELECT trace_id, observation_id FROM scores FINAL"
    " WHERE project_id = {project_id:String} AND observation_id != '' AND $condition)"
)
_TRACE_SCORED = (
    "trace_id IN (SELECT trace_id FROM scores FINAL"
    " WHERE project_id = {project_id:String} AND trace_id != '' AND observation_id = '' AND $condition)"
)
_PLACED = (
    "(trace_id, id) IN (SELECT trace_id, ordered[$condition].2 FROM (SELECT trace_id, arraySort(groupArray((start_time, id))) AS ordered"
    " FROM observations FINAL WHERE project_id = {project_id:String} GROUP BY trace_id))"
)
IS_ROOT = "(parent_observation_id = '' OR is_app_root)"

SECONDS = "dateDiff('microsecond', start_time, end_time) / 1e6"
_PER_SECOND = f"if(end_time > start_time, {summed('usage_details', 'output')} / ({SECONDS}), NULL)"


def _of_trace(kind: Kind, *entries: tuple[str, str, str]) -> dict[str, Column]:
    return plain(kind, *entries, wrap=_OF_TRACE)


_TEXTS = plain(
    "string",
    ("id", "ID", "id"),
    ("name", "Name", "name"),
    ("type", "Type", "type"),
    ("environment", "Environment", "environment"),
    ("level", "Level", "level"),
    ("traceId", "Trace ID", "trace_id"),
    ("parentObservationId", "Parent Observation ID", "parent_observation_id"),
    ("statusMessage", "Status Message", "status_message"),
    ("version", "Version", "version"),
    ("promptName", "Prompt Name", "prompt_name"),
    ("model", "Model", "provided_model_name"),
    ("providedModelName", "Provided Model Name", "provided_model_name"),
    ("modelId", "Model ID", "internal_model_id"),
    ("ingestionApiKey", "API Key", "ingestion_api_key"),
    ("ingestionSdkName", "SDK Name", "ingestion_sdk_name"),
    ("ingestionSdkVersion", "SDK Version", "ingestion_sdk_version"),
    ("ingestionSource", "Ingestion Source", "source"),
    ("experimentId", "Experiment ID", "experiment_id"),
    ("experimentName", "Experiment Name", "experiment_name"),
    ("experimentDatasetId", "Experiment Dataset ID", "experiment_dataset_id"),
    # no row has one: evaluators write scores, and what they observe is not marked
    ("evaluatorId", "Evaluator ID", "''"),
    ("ruleId", "Rule ID", "''"),
)
_NUMBERS = plain(
    "number",
    ("timeToFirstToken", "Time To First Token (s)", "dateDiff('microsecond', start_time, completion_start_time) / 1e6"),
    ("latency", "Latency (s)", SECONDS),
    ("tokensPerSecond", "Tokens per second", _PER_SECOND),
    ("inputCost", "Input Cost ($)", known("cost_details", "input")),
    ("outputCost", "Output Cost ($)", known("cost_details", "output")),
    ("totalCost", "Total Cost ($)", "total_cost"),
    ("inputTokens", "Input Tokens", summed("usage_details", "input")),
    ("outputTokens", "Output Tokens", summed("usage_details", "output")),
    ("totalTokens", "Total Tokens", "usage_details['total']"),
    ("tokens", "Tokens", "usage_details['total']"),
    ("promptVersion", "Prompt Version", "prompt_version"),
    ("toolDefinitions", "Available Tools", "length(mapKeys(tool_definitions))"),
    ("toolCalls", "Tool Calls", "length(tool_calls)"),
)
_FLAGS = plain(
    "boolean",
    ("hasParentObservation", "Has Parent Observation", "(parent_observation_id != '')"),
    ("isRootObservation", "Is Root Observation", IS_ROOT),
    ("hasInput", "Has Input", "(input_length > 0)"),
    ("hasOutput", "Has Output", "(output_length > 0)"),
    (
        "isExperimentItemRootSpan",
        "Is Experiment Item Root Span",
        "(experiment_item_root_span_id != '' AND experiment_item_root_span_id = id)",
    ),
)
_TRACE = _of_trace(
    "string",
    ("traceName", "Trace Name", "name"),
    ("userId", "User ID", "user_id"),
    ("sessionId", "Session ID", "session_id"),
    ("release", "Release", "release"),
)
_SCORES = named(
    ("scores_avg", "Scores (numeric)", Column("", "scores", _SCORED)),
    ("score_categories", "Scores (categorical)", Column("", "score_categories", _SCORED)),
    ("score_booleans", "Scores (boolean)", Column("", "score_booleans", _SCORED)),
    ("trace_scores_avg", "Trace Scores (numeric)", Column("", "scores", _TRACE_SCORED)),
    ("trace_score_categories", "Trace Scores (categorical)", Column("", "score_categories", _TRACE_SCORED)),
    ("trace_score_booleans", "Trace Scores (boolean)", Column("", "score_booleans", _TRACE_SCORED)),
)

COLUMNS: dict[str, Column] = {
    **_TEXTS,
    **plain("datetime", ("startTime", "Start Time", "start_time"), ("endTime", "End Time", "end_time")),
    **plain("payload", ("input", "Input", "input"), ("output", "Output", "output")),
    **plain("map", ("metadata", "Metadata", "metadata")),
    **plain("array", ("toolNames", "Available Tool Names", "mapKeys(tool_definitions)")),
    **plain("array", ("calledToolNames", "Called Tool Names", "tool_call_names")),
    **_NUMBERS,
    "Cost ($)": _NUMBERS["totalCost"],
    **_FLAGS,
    **_TRACE,
    **_of_trace("array", ("tags", "Trace Tags", "tags"), ("traceTags", "Trace Tags", "tags")),
    **_SCORES,
    **named(("positionInTrace", "Position in Trace", Column(IS_ROOT, "position", _PLACED))),
}
