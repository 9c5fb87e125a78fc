"""The rows of the column store, field by field in the order of `clickhouse/`; '' stands for absent text.

All times are microseconds since the epoch (UTC) until the writer turns them into DateTime64(6).
"""

from decimal import Decimal

import msgspec


class ObservationRow(msgspec.Struct, kw_only=True, gc=False):
    """One observation (span, generation, event, …). Identity: (project_id, trace_id, id)."""

    project_id: str
    trace_id: str
    id: str
    type: str = "SPAN"
    parent_observation_id: str = ""
    start_time: int
    end_time: int | None = None
    completion_start_time: int | None = None
    name: str = ""
    environment: str = "default"
    version: str = ""
    release: str = ""
    level: str = "DEFAULT"
    status_message: str = ""
    is_app_root: bool = False
    # trace attributes that the span itself carried: provenance, the trace row is the truth
    trace_name: str = ""
    user_id: str = ""
    session_id: str = ""
    tags: list[str] = msgspec.field(default_factory=list)
    public: bool = False
    # model, usage, cost
    prompt_id: str = ""
    prompt_name: str = ""
    prompt_version: int | None = None
    provided_model_name: str = ""
    internal_model_id: str = ""
    model_parameters: str = ""  # JSON object text, '' = none
    provided_usage_details: dict[str, int] = msgspec.field(default_factory=dict)
    usage_details: dict[str, int] = msgspec.field(default_factory=dict)
    provided_cost_details: dict[str, Decimal] = msgspec.field(default_factory=dict)
    cost_details: dict[str, Decimal] = msgspec.field(default_factory=dict)
    total_cost: Decimal | None = None
    usage_pricing_tier_id: str = ""
    usage_pricing_tier_name: str = ""
    cost_model_id: str = ""
    unit_prices: dict[str, Decimal] = msgspec.field(default_factory=dict)
    cost_source: str = ""  # given, computed, estimated (usage counted by a tokenizer), ''
    # tools
    tool_definitions: dict[str, str] = msgspec.field(default_factory=dict)
    tool_calls: list[str] = msgspec.field(default_factory=list)
    tool_call_names: list[str] = msgspec.field(default_factory=list)
    # payloads: strings as they came, everything else as JSON text; '' = absent
    input: str = ""
    output: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)  # top-level key → text (JSON for non-strings)
    # experiments (span attributes of SDK 4 and 5)
    experiment_id: str = ""
    experiment_name: str = ""
    experiment_description: str = ""
    experiment_dataset_id: str = ""
    experiment_metadata: dict[str, str] = msgspec.field(default_factory=dict)
    experiment_item_id: str = ""
    experiment_item_version: int | None = None
    experiment_item_expected_output: str = ""
    experiment_item_metadata: dict[str, str] = msgspec.field(default_factory=dict)
    experiment_item_root_span_id: str = ""
    # origin
    source: str = ""  # ingestion-api, otel
    service_name: str = ""
    service_version: str = ""
    scope_name: str = ""
    scope_version: str = ""
    telemetry_sdk_language: str = ""
    telemetry_sdk_name: str = ""
    telemetry_sdk_version: str = ""
    ingestion_api_key: str = ""
    ingestion_sdk_name: str = "unknown"
    ingestion_sdk_version: str = "unknown"
    raw_attributes: str = ""  # JSON of the span's attributes, for mapping again; payloads that became columns are left out
    convention: str = ""
    mapping_version: int = 0
    merge_clock: str = ""
    request_id: str = ""
    received_at: int = 0
    event_bytes: int = 0
    created_at: int = 0
    updated_at: int = 0
    event_ts: int = 0
    is_deleted: int = 0


class TraceRow(msgspec.Struct, kw_only=True, gc=False):
    """One trace, merged from trace events and from its spans' trace attributes. Identity: (project_id, id)."""

    project_id: str
    id: str
    timestamp: int
    name: str = ""
    environment: str = "default"
    user_id: str = ""
    session_id: str = ""
    release: str = ""
    version: str = ""
    tags: list[str] = msgspec.field(default_factory=list)
    public: bool = False
    bookmarked: bool = False
    input: str = ""
    output: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    merge_clock: str = ""
    source: str = ""
    ingestion_api_key: str = ""
    ingestion_sdk_name: str = "unknown"
    ingestion_sdk_version: str = "unknown"
    request_id: str = ""
    received_at: int = 0
    event_bytes: int = 0
    created_at: int = 0
    updated_at: int = 0
    event_ts: int = 0
    is_deleted: int = 0


class ScoreRow(msgspec.Struct, kw_only=True, gc=False):
    """One score on a trace, observation, session or run. Identity: (project_id, id)."""

    project_id: str
    id: str
    timestamp: int
    environment: str = "default"
    trace_id: str = ""
    session_id: str = ""
    dataset_run_id: str = ""
    observation_id: str = ""
    name: str = ""
    value: float = 0.0
    source: str = "API"
    comment: str = ""
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    author_user_id: str = ""
    config_id: str = ""
    data_type: str = "NUMERIC"
    string_value: str = ""
    long_string_value: str = ""
    queue_id: str = ""
    execution_trace_id: str = ""
    merge_clock: str = ""
    ingestion_api_key: str = ""
    ingestion_sdk_name: str = "unknown"
    ingestion_sdk_version: str = "unknown"
    request_id: str = ""
    received_at: int = 0
    created_at: int = 0
    updated_at: int = 0
    event_ts: int = 0
    is_deleted: int = 0


class LedgerRow(msgspec.Struct, kw_only=True, gc=False):
    """What became of one request's events in one shard; the first outcome stays (`first_wins` falls with time)."""

    project_id: str
    request_id: str
    shard: int
    received_at: int
    processed_at: int
    first_wins: int
    public_key: str = ""
    sdk_name: str = ""
    sdk_version: str = ""
    payload: str = ""  # where the raw log keeps the request: segment@offset+length
    event_ids: list[str] = msgspec.field(default_factory=list)
    entity_kinds: list[str] = msgspec.field(default_factory=list)
    entity_ids: list[str] = msgspec.field(default_factory=list)
    outcomes: list[str] = msgspec.field(default_factory=list)  # stored, duplicate, rejected, deleted
    reasons: list[str] = msgspec.field(default_factory=list)
