-- Order keys and engines: ARCHITECTURE.md, "Data". '' stands for absent text; all times are UTC microseconds.
CREATE TABLE IF NOT EXISTS {table:observations} (
    project_id String,
    trace_id String,
    id String,
    type LowCardinality(String),
    parent_observation_id String,
    start_time DateTime64(6, 'UTC'),
    end_time Nullable(DateTime64(6, 'UTC')),
    completion_start_time Nullable(DateTime64(6, 'UTC')),
    name String,
    environment LowCardinality(String),
    version String,
    release String,
    level LowCardinality(String),
    status_message String,
    is_app_root Bool,
    trace_name String,
    user_id String,
    session_id String,
    tags Array(String),
    public Bool,
    prompt_id String,
    prompt_name String,
    prompt_version Nullable(UInt16),
    provided_model_name String,
    internal_model_id String,
    model_parameters String,
    provided_usage_details Map(LowCardinality(String), UInt64),
    usage_details Map(LowCardinality(String), UInt64),
    provided_cost_details Map(LowCardinality(String), Decimal(18, 12)),
    cost_details Map(LowCardinality(String), Decimal(18, 12)),
    total_cost Nullable(Decimal(18, 12)),
    usage_pricing_tier_id String,
    usage_pricing_tier_name String,
    cost_model_id String,
    unit_prices Map(LowCardinality(String), Decimal(18, 12)),
    cost_source LowCardinality(String),
    tool_definitions Map(String, String) CODEC(ZSTD(3)),
    tool_calls Array(String) CODEC(ZSTD(3)),
    tool_call_names Array(String),
    input String CODEC(ZSTD(3)),
    output String CODEC(ZSTD(3)),
    input_length UInt64 MATERIALIZED length(input),
    output_length UInt64 MATERIALIZED length(output),
    metadata Map(String, String) CODEC(ZSTD(3)),
    experiment_id String,
    experiment_name String,
    experiment_description String,
    experiment_dataset_id String,
    experiment_metadata Map(String, String),
    experiment_item_id String,
    experiment_item_version Nullable(DateTime64(6, 'UTC')),
    experiment_item_expected_output String CODEC(ZSTD(3)),
    experiment_item_metadata Map(String, String),
    experiment_item_root_span_id String,
    source LowCardinality(String),
    service_name LowCardinality(String),
    service_version String,
    scope_name LowCardinality(String),
    scope_version String,
    telemetry_sdk_language LowCardinality(String),
    telemetry_sdk_name String,
    telemetry_sdk_version String,
    ingestion_api_key String,
    ingestion_sdk_name LowCardinality(String),
    ingestion_sdk_version LowCardinality(String),
    raw_attributes String CODEC(ZSTD(3)),
    convention LowCardinality(String),
    mapping_version UInt16,
    merge_clock String CODEC(ZSTD(3)),
    request_id String,
    received_at DateTime64(6, 'UTC'),
    event_bytes UInt32,
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    event_ts DateTime64(6, 'UTC'),
    is_deleted UInt8,
    {search_indexes}
    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_experiment experiment_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replacing:event_ts, is_deleted}
PARTITION BY toYYYYMM(start_time)
ORDER BY (project_id, toStartOfMinute(start_time), trace_id, id)
SETTINGS index_granularity_bytes = 1048576, min_parts_to_merge_at_once = 10, min_bytes_for_wide_part = 67108864, allow_experimental_replacing_merge_with_cleanup = 1;

{distributed:observations:trace_id};

CREATE TABLE IF NOT EXISTS {table:traces} (
    project_id String,
    id String,
    timestamp DateTime64(6, 'UTC'),
    name String,
    environment LowCardinality(String),
    user_id String,
    session_id String,
    release String,
    version String,
    tags Array(String),
    public Bool,
    bookmarked Bool,
    input String CODEC(ZSTD(3)),
    output String CODEC(ZSTD(3)),
    metadata Map(String, String) CODEC(ZSTD(3)),
    merge_clock String CODEC(ZSTD(3)),
    source LowCardinality(String),
    ingestion_api_key String,
    ingestion_sdk_name LowCardinality(String),
    ingestion_sdk_version LowCardinality(String),
    request_id String,
    received_at DateTime64(6, 'UTC'),
    event_bytes UInt32,
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    event_ts DateTime64(6, 'UTC'),
    is_deleted UInt8,
    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replacing:event_ts, is_deleted}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, toDate(timestamp), id)
SETTINGS index_granularity_bytes = 1048576, min_parts_to_merge_at_once = 10, min_bytes_for_wide_part = 67108864, allow_experimental_replacing_merge_with_cleanup = 1;

{distributed:traces:id};

CREATE TABLE IF NOT EXISTS {table:scores} (
    project_id String,
    id String,
    timestamp DateTime64(6, 'UTC'),
    environment LowCardinality(String),
    trace_id String,
    session_id String,
    dataset_run_id String,
    observation_id String,
    name String,
    value Float64,
    source LowCardinality(String),
    comment String CODEC(ZSTD(3)),
    metadata Map(String, String) CODEC(ZSTD(3)),
    author_user_id String,
    config_id String,
    data_type LowCardinality(String),
    string_value String,
    long_string_value String CODEC(ZSTD(3)),
    queue_id String,
    execution_trace_id String,
    merge_clock String CODEC(ZSTD(3)),
    ingestion_api_key String,
    ingestion_sdk_name LowCardinality(String),
    ingestion_sdk_version LowCardinality(String),
    request_id String,
    received_at DateTime64(6, 'UTC'),
    created_at DateTime64(6, 'UTC'),
    updated_at DateTime64(6, 'UTC'),
    event_ts DateTime64(6, 'UTC'),
    is_deleted UInt8,
    INDEX by_id id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_run dataset_run_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replacing:event_ts, is_deleted}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, toDate(timestamp), id)
SETTINGS index_granularity_bytes = 1048576, min_parts_to_merge_at_once = 10, min_bytes_for_wide_part = 67108864, allow_experimental_replacing_merge_with_cleanup = 1;

{distributed:scores:if(trace_id != '', trace_id, if(session_id != '', session_id, if(dataset_run_id != '', dataset_run_id, id)))};

CREATE TABLE IF NOT EXISTS {table:ingestion_log} (
    project_id String,
    request_id String,
    shard UInt16,
    received_at DateTime64(6, 'UTC'),
    processed_at DateTime64(6, 'UTC'),
    first_wins UInt64,
    public_key String,
    sdk_name LowCardinality(String),
    sdk_version LowCardinality(String),
    payload String,
    event_ids Array(String) CODEC(ZSTD(3)),
    entity_kinds Array(LowCardinality(String)),
    entity_ids Array(String) CODEC(ZSTD(3)),
    outcomes Array(LowCardinality(String)),
    reasons Array(LowCardinality(String)),
    INDEX by_event event_ids TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_entity entity_ids TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = {replacing:first_wins}
PARTITION BY toDate(received_at)
ORDER BY (project_id, toStartOfMinute(received_at), request_id, shard)
TTL toDateTime(received_at) + INTERVAL {ledger_days} DAY
SETTINGS ttl_only_drop_parts = 1;

{distributed:ingestion_log:request_id};
