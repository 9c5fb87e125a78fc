"""Shapes of observations: what services return, and both generations of the wire (spec/api.md §4.2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NotRequired

import orjson
from typing_extensions import TypedDict

from langfuse_app.core.filters.parse import Filter
from langfuse_app.core.shapes import PageMeta
from langfuse_app.core.time import iso_ms
from langfuse_app.core.wire import json_or_text


@dataclass(frozen=True, slots=True)
class ObservationQuery:
    """Which observations, newest first. Empty values do not filter; `to_time` is exclusive.

    parent_observation_id '' (not None) means "has no parent"; user and session are those of the trace.
    filters: conditions that hold beside, and instead of a field for the same column.
    search: a part of input or output, in the case as typed.
    """

    filters: tuple[Filter, ...] = ()
    search: str = ""

    from_time: datetime | None = None
    to_time: datetime | None = None
    name: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    type: str | None = None
    trace_id: str | None = None
    level: str | None = None
    parent_observation_id: str | None = None
    is_root: bool | None = None
    version: str | None = None
    environments: tuple[str, ...] = ()
    page: int = 1
    limit: int = 50

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class ObservationCursor:
    """The last row a reader has seen; the next page begins after it."""

    start_time: datetime
    trace_id: str
    id: str


@dataclass(frozen=True, slots=True)
class ObservationNode:
    """One node of a tree or timeline: no payloads. Seconds, tokens, USD; absent text is None."""

    id: str
    parent_observation_id: str | None
    type: str
    name: str | None
    start_time: datetime
    end_time: datetime | None
    latency: float | None
    time_to_first_token: float | None
    level: str
    status_message: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    total_tokens: int
    total_cost: float | None


@dataclass(frozen=True, slots=True)
class ObservationItem:
    """One observation with its payloads. Absent text is None; latency in seconds; costs in USD.

    input, output: the stored text (strings as they came, everything else as JSON). metadata: key → parsed value.
    unit_prices: usage key → USD per unit; cost_source: given, computed, estimated or None.
    user_id, session_id, tags, trace_name, release, bookmarked, public are those of the trace.
    """

    id: str
    trace_id: str
    project_id: str
    type: str
    parent_observation_id: str | None
    is_root: bool
    name: str | None
    start_time: datetime
    end_time: datetime | None
    completion_start_time: datetime | None
    latency: float | None
    time_to_first_token: float | None
    environment: str
    version: str | None
    release: str | None
    level: str
    status_message: str | None
    model: str | None
    internal_model_id: str | None
    model_parameters: str | None
    input: str | None
    output: str | None
    metadata: dict[str, Any]
    usage_details: dict[str, int]
    cost_details: dict[str, float]
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_cost: float | None
    output_cost: float | None
    total_cost: float | None
    unit_prices: dict[str, float]
    cost_source: str | None
    cost_model_id: str | None
    usage_pricing_tier_id: str | None
    usage_pricing_tier_name: str | None
    prompt_id: str | None
    prompt_name: str | None
    prompt_version: int | None
    tool_definitions: dict[str, str]
    tool_calls: list[str]
    tool_call_names: list[str]
    trace_name: str | None
    user_id: str | None
    session_id: str | None
    tags: list[str]
    bookmarked: bool
    public: bool
    source: str
    service_name: str | None
    scope_name: str | None
    scope_version: str | None
    sdk_name: str
    sdk_version: str
    created_at: datetime
    updated_at: datetime


class UsageV1(TypedDict):
    """The old summary of usage."""

    unit: str
    input: int
    output: int
    total: int


class ObservationV1(TypedDict):
    """`GET /observations` and the observations inside of a trace: a closed set of keys."""

    id: str
    projectId: str
    traceId: str
    parentObservationId: str | None
    name: str | None
    type: str
    environment: str
    startTime: str
    endTime: str | None
    version: str | None
    createdAt: str
    updatedAt: str
    input: Any
    output: Any
    metadata: Any
    level: str
    statusMessage: str | None
    model: str | None
    modelParameters: Any
    completionStartTime: str | None
    promptId: str | None
    promptName: str | None
    promptVersion: int | None
    usageDetails: dict[str, int]
    costDetails: dict[str, float]
    usage: UsageV1
    unit: str
    promptTokens: int
    completionTokens: int
    totalTokens: int
    usagePricingTierName: str | None
    usagePricingTierId: str | None
    modelId: str | None
    inputPrice: float | None
    outputPrice: float | None
    totalPrice: float | None
    calculatedInputCost: float | None
    calculatedOutputCost: float | None
    calculatedTotalCost: float | None
    latency: float | None
    timeToFirstToken: float | None


class ObservationV2(TypedDict):
    """A row of `GET /v2/observations`: fields of groups that were not asked for are absent, prices are text (§11: `model`)."""

    id: str
    traceId: str
    startTime: str
    endTime: str | None
    projectId: str
    parentObservationId: str | None
    type: str
    name: NotRequired[str | None]
    level: NotRequired[str]
    statusMessage: NotRequired[str | None]
    version: NotRequired[str | None]
    environment: NotRequired[str]
    bookmarked: NotRequired[bool]
    public: NotRequired[bool]
    userId: NotRequired[str | None]
    sessionId: NotRequired[str | None]
    isRootObservation: NotRequired[bool]
    completionStartTime: NotRequired[str | None]
    createdAt: NotRequired[str]
    updatedAt: NotRequired[str]
    input: NotRequired[str | None]
    output: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]
    providedModelName: NotRequired[str | None]
    model: NotRequired[str | None]
    internalModelId: NotRequired[str | None]
    modelParameters: NotRequired[Any]
    usageDetails: NotRequired[dict[str, int]]
    costDetails: NotRequired[dict[str, float]]
    totalCost: NotRequired[float | None]
    usagePricingTierName: NotRequired[str | None]
    promptId: NotRequired[str | None]
    promptName: NotRequired[str | None]
    promptVersion: NotRequired[int | None]
    latency: NotRequired[float | None]
    timeToFirstToken: NotRequired[float | None]
    tags: NotRequired[list[str]]
    release: NotRequired[str | None]
    traceName: NotRequired[str | None]
    modelId: str | None
    inputPrice: str | None
    outputPrice: str | None
    totalPrice: str | None


class ObservationsV1(TypedDict):
    """`GET /observations`."""

    data: list[ObservationV1]
    meta: PageMeta


class CursorMeta(TypedDict):
    """`cursor` is absent on the last page."""

    cursor: NotRequired[str]


class ObservationsV2(TypedDict):
    """`GET /v2/observations`."""

    data: list[ObservationV2]
    meta: CursorMeta


def iso_or_none(value: datetime | None) -> str | None:
    """The wire form of a time that may be absent."""
    return None if value is None else iso_ms(value)


def observation_v1(item: ObservationItem) -> ObservationV1:
    """The first generation: payloads are parsed where their text is JSON, prices are numbers."""
    return ObservationV1(
        id=item.id,
        projectId=item.project_id,
        traceId=item.trace_id,
        parentObservationId=item.parent_observation_id,
        name=item.name,
        type=item.type,
        environment=item.environment,
        startTime=iso_ms(item.start_time),
        endTime=iso_or_none(item.end_time),
        version=item.version,
        createdAt=iso_ms(item.created_at),
        updatedAt=iso_ms(item.updated_at),
        input=json_or_text(item.input),
        output=json_or_text(item.output),
        metadata=item.metadata,
        level=item.level,
        statusMessage=item.status_message,
        model=item.model,
        modelParameters=json_or_text(item.model_parameters),
        completionStartTime=iso_or_none(item.completion_start_time),
        promptId=item.prompt_id,
        promptName=item.prompt_name,
        promptVersion=item.prompt_version,
        usageDetails=item.usage_details,
        costDetails=item.cost_details,
        usage=UsageV1(unit="TOKENS", input=item.input_tokens, output=item.output_tokens, total=item.total_tokens),
        unit="TOKENS",
        promptTokens=item.input_tokens,
        completionTokens=item.output_tokens,
        totalTokens=item.total_tokens,
        usagePricingTierName=item.usage_pricing_tier_name,
        usagePricingTierId=item.usage_pricing_tier_id,
        modelId=item.internal_model_id,
        inputPrice=item.unit_prices.get("input"),
        outputPrice=item.unit_prices.get("output"),
        totalPrice=item.unit_prices.get("total"),
        calculatedInputCost=item.input_cost,
        calculatedOutputCost=item.output_cost,
        calculatedTotalCost=item.total_cost,
        latency=item.latency,
        timeToFirstToken=item.time_to_first_token,
    )


GROUPS_V2 = ("core", "basic", "time", "io", "metadata", "model", "usage", "prompt", "metrics", "trace_context")
DEFAULT_GROUPS_V2 = ("core", "basic")
_METADATA_CUT = 200


def observation_v2(item: ObservationItem, groups: frozenset[str], expanded: frozenset[str]) -> dict[str, Any]:
    """The second generation: fields of groups that were not asked for are absent, payloads stay text, prices are text.

    expanded: metadata keys whose values are not cut to 200 characters; with `io` none is cut.
    """
    wire = _core(item)
    for group, fields in _GROUPS_V2.items():
        if group in groups:
            wire |= fields(item)
    if "metadata" in groups:
        wire["metadata"] = item.metadata if "io" in groups else _cut(item.metadata, expanded)
    with_prices = "model" in groups
    wire["modelId"] = item.internal_model_id if with_prices else None
    for key in ("input", "output", "total"):
        wire[f"{key}Price"] = _price(item.unit_prices.get(key)) if with_prices else None
    return wire


def _core(item: ObservationItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "traceId": item.trace_id,
        "startTime": iso_ms(item.start_time),
        "endTime": iso_or_none(item.end_time),
        "projectId": item.project_id,
        "parentObservationId": item.parent_observation_id,
        "type": item.type,
    }


def _basic(item: ObservationItem) -> dict[str, Any]:
    return {
        "name": item.name,
        "level": item.level,
        "statusMessage": item.status_message,
        "version": item.version,
        "environment": item.environment,
        "bookmarked": item.bookmarked,
        "public": item.public,
        "userId": item.user_id,
        "sessionId": item.session_id,
        "isRootObservation": item.is_root,
    }


def _time(item: ObservationItem) -> dict[str, Any]:
    return {
        "completionStartTime": iso_or_none(item.completion_start_time),
        "createdAt": iso_ms(item.created_at),
        "updatedAt": iso_ms(item.updated_at),
    }


def _io(item: ObservationItem) -> dict[str, Any]:
    return {"input": item.input, "output": item.output}


def _model(item: ObservationItem) -> dict[str, Any]:
    # SDK 5 reads `model`, SDK 4 `providedModelName` (spec/api.md §11)
    return {
        "providedModelName": item.model,
        "model": item.model,
        "internalModelId": item.internal_model_id,
        "modelParameters": json_or_text(item.model_parameters),
    }


def _usage(item: ObservationItem) -> dict[str, Any]:
    return {
        "usageDetails": item.usage_details,
        "costDetails": item.cost_details,
        "totalCost": item.total_cost,
        "usagePricingTierName": item.usage_pricing_tier_name,
    }


def _prompt(item: ObservationItem) -> dict[str, Any]:
    return {"promptId": item.prompt_id, "promptName": item.prompt_name, "promptVersion": item.prompt_version}


def _metrics(item: ObservationItem) -> dict[str, Any]:
    return {"latency": item.latency, "timeToFirstToken": item.time_to_first_token}


def _trace_context(item: ObservationItem) -> dict[str, Any]:
    return {"tags": item.tags, "release": item.release, "traceName": item.trace_name}


_GROUPS_V2 = {
    "basic": _basic,
    "time": _time,
    "io": _io,
    "model": _model,
    "usage": _usage,
    "prompt": _prompt,
    "metrics": _metrics,
    "trace_context": _trace_context,
}


def _cut(metadata: dict[str, Any], expanded: frozenset[str]) -> dict[str, Any]:
    return {key: value if key in expanded else _cut_value(value) for key, value in metadata.items()}


def _cut_value(value: Any) -> Any:
    """The value, or the beginning of its text where that is longer than the contract shows."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return value if len(text) <= _METADATA_CUT else text[:_METADATA_CUT]


def _price(value: float | None) -> str | None:
    """A price as text without exponent."""
    return None if value is None else f"{Decimal(str(value)):f}"
