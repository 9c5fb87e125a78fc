"""What a filter of scores may name (spec/api.md §9.4)."""

from langfuse_app.core.filters.columns import Column, named, plain

OF_TRACE = "trace_id IN (SELECT id FROM traces FINAL WHERE project_id = {project_id:String} AND $condition)"


COLUMNS: dict[str, Column] = {
    **plain(
        "string",
        ("id", "ID", "id"),
        ("traceId", "Trace ID", "trace_id"),
        ("sessionId", "Session ID", "session_id"),
        ("observationId", "Observation ID", "observation_id"),
        ("datasetRunId", "Dataset Run ID", "dataset_run_id"),
        ("environment", "Environment", "environment"),
        ("source", "Source", "source"),
        ("dataType", "Data Type", "data_type"),
        ("name", "Name", "name"),
        ("configId", "Config ID", "config_id"),
        ("queueId", "Queue ID", "queue_id"),
        ("authorUserId", "Author User ID", "author_user_id"),
        ("comment", "Comment", "comment"),
        ("booleanValue", "Boolean Value", "if(data_type = 'BOOLEAN', string_value, '')"),
        ("stringValue", "String Value", "if(data_type = 'BOOLEAN', '', string_value)"),
        # no score names its evaluator yet
        ("evaluatorId", "Evaluator ID", "''"),
    ),
    **plain("datetime", ("timestamp", "Timestamp", "timestamp")),
    **plain("number", ("value", "Value", "if(data_type IN ('NUMERIC', 'BOOLEAN'), value, NULL)")),
    **plain("map", ("metadata", "Metadata", "metadata")),
    **named(
        ("traceName", "Trace Name", Column("name", "string", OF_TRACE)),
        ("userId", "User ID", Column("user_id", "string", OF_TRACE)),
        ("tags", "Trace Tags", Column("tags", "array", OF_TRACE)),
    ),
}
