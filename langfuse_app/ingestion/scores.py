"""Scores: what the wire may say, and what is stored of it (spec/api.md §4.4, spec/backend.md §5)."""

import math
from typing import Any, Literal, Protocol

import msgspec

from langfuse_app.ingestion.changes import Change
from langfuse_app.ingestion.json_bodies import OptionalText, ReferredId, Time
from langfuse_app.ingestion.normalise import clean, is_double

DataType = Literal["NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT", "CORRECTION"]
Source = Literal["API", "EVAL", "ANNOTATION"]

MAX_TEXT = 500
CORRECTION_NAME = "output"


class ScoreBody(msgspec.Struct, rename="camel", kw_only=True):
    """ScoreBody of the wire; `problem` says what the types cannot. An empty id is an absent one."""

    id: ReferredId | None = None
    trace_id: ReferredId | None = None
    session_id: ReferredId | None = None
    observation_id: ReferredId | None = None
    dataset_run_id: ReferredId | None = None
    name: str | None = None
    value: int | float | str
    timestamp: Time | None = None
    comment: OptionalText = msgspec.UNSET
    metadata: msgspec.Raw = msgspec.Raw()
    environment: Any = None
    data_type: DataType | None = None
    config_id: str | None = None
    queue_id: str | None = None
    source: Source | None = None
    execution_trace_id: str | None = None

    def subject(self) -> str:
        """The id of what is scored: trace, session or run."""
        return self.trace_id or self.session_id or self.dataset_run_id or ""

    def problem(self) -> tuple[str, str] | None:
        """(field, what is wrong), or None: the rules of §4.4 that need no score config."""
        if sum(map(bool, (self.trace_id, self.session_id, self.dataset_run_id))) != 1:
            return "traceId", "Provide exactly one of traceId (with or without observationId), sessionId and datasetRunId"
        if self.observation_id and not self.trace_id:
            return "observationId", "Needs traceId"
        if not self.name and self.data_type != "CORRECTION":
            return "name", "Required, at least 1 character"
        if self.source == "ANNOTATION" and not self.config_id and self.data_type != "CORRECTION":
            return "configId", "Required for scores of source ANNOTATION"
        if self.data_type == "CORRECTION" and (self.config_id or not self.trace_id):
            return "dataType", "A CORRECTION belongs to a trace or observation and has no configId"
        reason = "" if self.data_type is None and self.config_id else _value_problem(self.value, self.data_type or _inferred(self.value))
        return ("value", reason) if reason else None


class Config(Protocol):
    """What is asked of a score config; the relational row fits. categories: [{label, value}]."""

    name: str
    data_type: str
    is_archived: bool
    min_value: float | None
    max_value: float | None
    categories: list[dict[str, Any]] | None


def resolve_score(body: ScoreBody, config: Config | None) -> dict[str, Any] | str:
    """The columns name, data_type, value, string_value, long_string_value and config_id, or why the score is dropped.

    `config` is the row that `body.config_id` names in the project, None when there is none.
    """
    if body.config_id:
        if config is None:
            return f"score config {body.config_id} does not exist"
        if reason := _config_problem(body, config):
            return reason
    kind = body.data_type or (config.data_type if config and body.config_id else _inferred(body.value))
    name = CORRECTION_NAME if kind == "CORRECTION" else clean(body.name or "")
    columns = {"name": name, "data_type": kind, "config_id": clean(body.config_id or "")}
    return columns | _stored_value(kind, body.value, config if body.config_id else None)


def settle(change: Change, config: Config | None) -> str:
    """Give a score change that waits for its config its final columns, in place; the reason when it must be dropped."""
    body: ScoreBody = change.fields.pop("unsettled")
    resolved = resolve_score(body, config)
    if isinstance(resolved, str):
        return resolved
    change.fields |= resolved
    return ""


def wanted_config(change: Change) -> str:
    """The id of the score config that `settle` needs for this change, '' when it needs none."""
    body: ScoreBody | None = change.fields.get("unsettled")
    return (body.config_id or "") if body else ""


def _inferred(value: float | str) -> DataType:
    return "CATEGORICAL" if isinstance(value, str) else "NUMERIC"


def _value_problem(value: float | str, kind: str) -> str:
    """Why the value does not fit the type, '' when it does."""
    if kind in ("NUMERIC", "BOOLEAN"):
        if isinstance(value, str) or not is_double(value):
            return f"A {kind} score needs a number"
        return "A BOOLEAN score is 0 or 1" if kind == "BOOLEAN" and value not in (0, 1) else ""
    if not isinstance(value, str):
        return f"A {kind} score needs a string"
    if kind == "TEXT" and not 1 <= len(value) <= MAX_TEXT:
        return f"A TEXT score has 1 to {MAX_TEXT} characters"
    return ""


def _config_problem(body: ScoreBody, config: Config) -> str:
    if config.is_archived:
        return f"score config {config.name} is archived"
    if body.data_type and body.data_type != config.data_type:
        return f"score config {config.name} is {config.data_type}, the score {body.data_type}"
    if body.name != config.name:
        return f"score config is named {config.name}, the score {body.name}"
    return _value_problem(body.value, config.data_type) or _out_of_config(body.value, config)


def _out_of_config(value: float | str, config: Config) -> str:
    if config.data_type == "NUMERIC" and not isinstance(value, str):
        low = -math.inf if config.min_value is None else config.min_value
        high = math.inf if config.max_value is None else config.max_value
        return "" if low <= value <= high else f"{value} is outside of {low}…{high} of score config {config.name}"
    if config.data_type == "CATEGORICAL" and _category_value(value, config) is None:
        return f"{value} is no category of score config {config.name}"
    return ""


def _category_value(value: float | str, config: Config) -> float | None:
    for category in config.categories or ():
        if category.get("label") == value:
            return float(category.get("value") or 0)
    return None


def _stored_value(kind: str, value: float | str, config: Config | None) -> dict[str, Any]:
    """value, string_value and long_string_value of the storage table in §4.4."""
    stored: dict[str, Any] = {"value": 0.0, "string_value": "", "long_string_value": ""}
    if not isinstance(value, str):
        stored["value"] = float(value)
        stored["string_value"] = ("True" if value else "False") if kind == "BOOLEAN" else ""
    elif kind == "CORRECTION":
        stored["long_string_value"] = clean(value)
    else:
        stored["string_value"] = clean(value)
        stored["value"] = (_category_value(value, config) if config else None) or 0.0
    return stored
