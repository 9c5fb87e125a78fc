"""Each field's sources in the order of spec/api.md §6.3–6.7: alone each yields, together the earlier one wins."""

import json
from itertools import combinations
from typing import Any, NamedTuple

import pytest

from langfuse_app.ingestion.rows import ObservationRow
from tests.otlp import START, observe

US = START // 1000


class From(NamedTuple):
    """A source: what the span carries, what the field is then, and where it has to be."""

    attributes: dict[str, Any]
    value: Any
    scope: str = ""
    events: tuple[dict[str, Any], ...] = ()
    resource: dict[str, Any] = {}


def one(key: str, value: Any = None, **where: Any) -> From:
    """An attribute that is the field's value."""
    value = f"by {key}" if value is None else value
    return From({key: value}, value, **where)


def event(name: str, attributes: dict[str, Any], value: Any) -> From:
    return From({}, value, events=({"name": name, "attributes": attributes},))


MESSAGES = json.dumps([{"role": "user", "content": "x"}])
PROMPT = json.dumps({"name": "by ai", "version": 3})
SOURCES: dict[str, list[From]] = {
    "type": [
        From({"langfuse.observation.type": "guardrail"}, "GUARDRAIL"),
        From({"openinference.span.kind": "RETRIEVER"}, "RETRIEVER"),
        From({"gen_ai.operation.name": "embeddings"}, "EMBEDDING"),
        From({"genkit:metadata:subtype": "evaluator"}, "EVALUATOR"),
        From({"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m"}, "GENERATION"),
        From({"gen_ai.tool.call.id": "c"}, "TOOL"),
        From({"flue.task.agent": "a"}, "AGENT"),
        From({"llm.model_name": "m"}, "GENERATION"),
    ],
    "name": [
        one("gen_ai.tool.name"),
        one("genkit:name"),
        one("logfire.msg"),
        one("ai.toolCall.name"),
        From({"ai.telemetry.functionId": "f", "ai.operationId": "ai.x"}, "f:ai.x"),
        From({}, "span"),
    ],
    "trace_name": [one("langfuse.trace.name"), From({}, "")],
    "user_id": [
        one("langfuse.user.id"),
        one("user.id"),
        one("langfuse.observation.metadata.langfuse_user_id"),
        one("langfuse.trace.metadata.langfuse_user_id"),
        one("ai.telemetry.metadata.userId"),
        one("traceloop.association.properties.user_id"),
    ],
    "session_id": [
        one("langfuse.session.id"),
        one("session.id"),
        one("gen_ai.conversation.id"),
        one("langfuse.observation.metadata.langfuse_session_id"),
        one("langfuse.trace.metadata.langfuse_session_id"),
        one("ai.telemetry.metadata.sessionId"),
        one("traceloop.association.properties.session_id"),
    ],
    "tags": [
        From({"langfuse.trace.tags": ["b", "a", 1, "a"]}, ["1", "a", "b"]),
        From({"langfuse.tags": '["x", "y"]'}, ["x", "y"]),
        From({"langfuse.observation.metadata.langfuse_tags": "q, p,,"}, ["p", "q"]),
        From({"langfuse.trace.metadata.langfuse_tags": "single"}, ["single"]),
        From({"ai.telemetry.metadata.tags": ["ai"]}, ["ai"]),
        From({"tag.tags": ["oi"]}, ["oi"]),
    ],
    "public": [From({"langfuse.trace.public": "true"}, True), From({"langfuse.public": False}, False), From({}, False)],
    "environment": [
        From({"langfuse.environment": "one"}, "one"),
        From({}, "two", resource={"langfuse.environment": "two"}),
        From({"deployment.environment.name": "three"}, "three"),
        From({}, "four", resource={"deployment.environment.name": "four"}),
        From({"deployment.environment": "five"}, "five"),
        From({}, "six", resource={"deployment.environment": "six"}),
        From({}, "default"),
    ],
    "release": [one("langfuse.release"), From({}, "r", resource={"langfuse.release": "r"}), From({}, "")],
    "version": [one("langfuse.version"), From({}, "s", resource={"service.version": "s"}), From({}, "")],
    "status_message": [one("langfuse.observation.status_message"), From({"error.message": "boom"}, "boom", scope="litellm")],
    "provided_model_name": [
        one("langfuse.observation.model.name"),
        one("gen_ai.response.model"),
        one("ai.model.id"),
        one("gen_ai.request.model"),
        one("llm.response.model"),
        one("llm.model_name"),
        one("embedding.model_name"),
        one("model"),
        From({"genkit:metadata:subtype": "model", "genkit:name": "g"}, "g"),
    ],
    "model_parameters": [
        From({"langfuse.observation.model.parameters": '{"a": 1}'}, '{"a":1}'),
        From({"genkit:input": '{"config": {"a": 2}}'}, '{"a":2}', scope="genkit-tracer"),
        From({"llm.invocation_parameters": '{"a": 3}'}, '{"a":3}'),
        From({"model_config": '{"a": 4}'}, '{"a":4}'),
        From({"gen_ai.request.a": 5, "gen_ai.request.model": "m", "llm.invocation_parameters.b": [1]}, '{"a":5,"b":"[1]"}'),
    ],
    "completion_start_time": [
        From({"langfuse.observation.completion_start_time": "2025-11-25T00:00:00.25Z"}, US + 250_000),
        From({"ai.response.msToFirstChunk": 100.2}, US + 101_000),
    ],
    "prompt": [
        From({"langfuse.observation.prompt.name": "a", "langfuse.observation.prompt.version": 1}, ("a", 1)),
        From({"langfuse.prompt.name": "b", "langfuse.prompt.version": "2"}, ("b", 2)),
        From({"ai.telemetry.metadata.langfusePrompt": PROMPT}, ("by ai", 3)),
    ],
    "provided_usage_details": [
        From({"langfuse.observation.usage_details": '{"a": 1}'}, {"a": 1}),
        From({"genkit:output": '{"usage": {"inputTokens": 2}}'}, {"input": 2}, scope="genkit-tracer"),
        From({"gen_ai.usage.input_tokens": 3, "llm.token_count.prompt": 9}, {"input": 3}),
    ],
    "provided_cost_details": [
        From({"langfuse.observation.cost_details": '{"input": 1}'}, {"input": 1}),
        From({"gen_ai.usage.cost": "2"}, {"total": 2}),
        From({"llm.cost.total": 3}, {"total": 3}),
    ],
    "input": [
        one("langfuse.observation.input"),
        From({"genkit:input": '"g"'}, '"g"', scope="genkit-tracer"),
        event("gen_ai.client.inference.operation.details", {"gen_ai.input.messages": "d"}, "d"),
        event("gen_ai.user.message", {"content": "u"}, '[{"role":"user","content":"u"}]'),
        event("gen_ai.content.prompt", {"input": "c"}, "c"),
        From({"gcp.vertex.agent.llm_request": "{}", "gcp.vertex.agent.tool_call_args": "k"}, "k"),
        one("prompt"),
        one("lk.input_text"),
        one("lk.user_transcript"),
        one("lk.chat_ctx"),
        From({"events": '[{"event.name": "x"}]'}, '[{"event.name":"x"}]'),
        one("mlflow.spanInputs"),
        one("traceloop.entity.input"),
        one("input.value"),
        one("input"),
        one("tool_arguments"),
        From({"gen_ai.prompt.0.content": "p"}, '[{"content":"p"}]'),
        From({"llm.input_messages.0.message.content": "m"}, '[{"message":{"content":"m"}}]'),
        one("gen_ai.input.messages"),
        one("gen_ai.tool.call.arguments"),
    ],
    "output": [
        one("langfuse.observation.output"),
        From({"genkit:output": '"g"'}, '"g"', scope="genkit-tracer"),
        event("gen_ai.client.inference.operation.details", {"gen_ai.output.messages": "d"}, "d"),
        event("gen_ai.choice", {"index": 0}, '{"index":0}'),
        event("gen_ai.content.completion", {"output": "c"}, "c"),
        From({"gcp.vertex.agent.llm_response": "{}", "gcp.vertex.agent.tool_response": "k"}, "k"),
        one("all_messages_events"),
        one("lk.function_tool.output"),
        one("lk.response.text"),
        From({"events": '[{"event.name": "gen_ai.choice"}]'}, '{"event.name":"gen_ai.choice"}'),
        one("mlflow.spanOutputs"),
        one("traceloop.entity.output"),
        one("output.value"),
        one("output"),
        one("tool_response"),
        From({"gen_ai.completion.0.content": "p"}, '[{"content":"p"}]'),
        From({"llm.output_messages.0.message.content": "m"}, '[{"message":{"content":"m"}}]'),
        one("gen_ai.output.messages"),
        one("gen_ai.tool.call.result"),
    ],
}  # fmt: skip
# Fields whose sources only speak within one scope.
WITHIN: dict[str, tuple[str, list[From]]] = {
    "ai input": ("ai", [one("ai.prompt.messages"), one("ai.prompt"), one("ai.toolCall.args"), one("gen_ai.input.messages")]),
    "ai output": (
        "ai",
        [
            From({"ai.response.text": "t", "ai.response.toolCalls": "[1]"}, '{"role":"assistant","content":"t","tool_calls":[1]}'),
            *(one(f"ai.{name}") for name in ("response.text", "result.text", "toolCall.result", "response.object", "result.object")),
            one("ai.response.toolCalls", "[1]"),
            one("ai.result.toolCalls"),
            one("gen_ai.output.messages"),
        ],
    ),
    "flue input": ("@flue/opentelemetry", [one(f"flue.{n}") for n in ("turn.input", "tool.arguments", "task.prompt", "workflow.payload")]),
    "flue output": (
        "@flue/opentelemetry",
        [one(f"flue.{n}") for n in ("turn.output", "tool.result", "task.result", "operation.result", "workflow.result")],
    ),
    "pydantic input": ("pydantic-ai", [one("input"), one("pydantic_ai.all_messages"), one("tool_arguments"), one("gen_ai.input.messages")]),
    "pydantic output": ("pydantic-ai", [one("output"), one("final_result"), one("tool_response"), one("gen_ai.output.messages")]),
}

_TEXT_AND_CALLS = {"ai.response.text", "ai.response.toolCalls"}  # together they are the first source


def read(row: ObservationRow, field: str) -> Any:
    field = field.rsplit(maxsplit=1)[-1]
    return (row.prompt_name, row.prompt_version) if field == "prompt" else getattr(row, field)


def row_of(sources: list[From], field: str, scope: str = "test") -> ObservationRow:
    attributes: dict[str, Any] = {}
    resource: dict[str, Any] = {}
    for source in reversed(sources):  # the order in which attributes stand makes no difference
        attributes |= source.attributes
        resource |= source.resource
        scope = source.scope or scope
    if field == "prompt":
        attributes |= {"langfuse.observation.type": "generation"}
    events = [event for source in sources for event in source.events]
    return observe(attributes, scope=scope, resource=resource, events=events)


def pairs() -> list[Any]:
    found: list[Any] = []
    for field, sources in SOURCES.items():
        found += [pytest.param(field, [source], "test", id=f"{field}: {number} alone") for number, source in enumerate(sources)]
        numbered = list(enumerate(sources))
        found += [pytest.param(field, [a, b], "test", id=f"{field}: {i} before {j}") for (i, a), (j, b) in combinations(numbered, 2)]
    for field, (scope, sources) in WITHIN.items():
        found += [pytest.param(field, [a], scope, id=f"{field}: {i} alone") for i, a in enumerate(sources)]
        found += [
            pytest.param(field, [a, b], scope, id=f"{field}: {i} before {j}")
            for (i, a), (j, b) in combinations(list(enumerate(sources)), 2)
            if not set(a.attributes) & set(b.attributes) and {*a.attributes, *b.attributes} != _TEXT_AND_CALLS
        ]
    return found


@pytest.mark.parametrize(("field", "sources", "scope"), pairs())
def test_the_first_source_that_yields_wins(field: str, sources: list[From], scope: str) -> None:
    scopes = {source.scope for source in sources if source.scope}
    if len(scopes) > 1:
        pytest.skip("a span has one scope")
    assert read(row_of(sources, field, scope), field) == sources[0].value


@pytest.mark.parametrize(
    ("value", "level"),
    [
        *((alias, "DEBUG") for alias in ("DEBUG", "trace", "Verbose")),
        *((alias, "DEFAULT") for alias in ("DEFAULT", "info", "log", "notice", "ok", "success")),
        *((alias, "WARNING") for alias in ("warning", "WARN")),
        *((alias, "ERROR") for alias in ("error", "fatal", "critical")),
    ],
)
def test_level_aliases(value: str, level: str) -> None:
    assert observe({"langfuse.observation.level": value}).level == level
    assert observe({"langfuse.observation.level": value}, status={"code": 2}).level == level  # what is stated wins


def test_an_unknown_level_says_nothing() -> None:
    assert observe({"langfuse.observation.level": "loud"}).level == "DEFAULT"
    assert observe({"langfuse.observation.level": "loud"}, status={"code": 2}).level == "ERROR"


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        ("not json", {"input": 3}),  # invalid JSON lets others speak
        ("[1]", {}),  # a JSON text that is no object does not
        (7, {}),
        ('{"a": "12", "b": -1, "c": 1.5, "d": null}', {"a": 12}),
    ],
)
def test_usage_details_that_are_no_proper_object(value: Any, usage: dict[str, int]) -> None:
    row = observe({"langfuse.observation.usage_details": value, "gen_ai.usage.input_tokens": 3})
    assert row.provided_usage_details == usage


def test_prompt_links_need_a_generation_and_a_16_bit_version() -> None:
    link = {"langfuse.observation.prompt.name": "p", "langfuse.observation.prompt.version": 65_535}
    assert observe(link | {"langfuse.observation.type": "span"}).prompt_name == ""
    assert observe(link | {"langfuse.observation.type": "generation"}).prompt_version == 65_535
    too_high = link | {"langfuse.observation.prompt.version": 65_536, "langfuse.observation.type": "generation"}
    assert observe(too_high).prompt_name == ""


def test_langfuse_parameters_overlay_those_of_the_ai_sdk() -> None:
    settings = {"ai.settings.maxRetries": 2, "gen_ai.request.temperature": 0.5, "ai.model.provider": "p"}
    stated = {"langfuse.observation.model.parameters": '{"seed": 7, "maxRetries": "x"}'}
    assert observe(settings | stated, scope="ai").model_parameters == '{"system":"p","maxRetries":"x","temperature":"0.5","seed":7}'
    assert observe(settings | stated).model_parameters == '{"seed":7,"maxRetries":"x"}'


def test_a_model_makes_no_generation_of_an_ai_sdk_wrapper() -> None:
    wrapper = {"ai.operationId": "ai.streamText", "ai.model.id": "m", "ai.usage.inputTokens": 5}
    row = observe(wrapper, scope="ai")
    assert (row.type, row.provided_model_name, row.provided_usage_details) == ("SPAN", "", {})


@pytest.mark.parametrize(
    ("span_name", "scope", "type"),
    [
        ("agent_turn", "livekit-agents", "AGENT"),
        ("start_agent_activity", "livekit-agents", "AGENT"),
        ("function_tool", "livekit-agents", "TOOL"),
        ("function_tool", "other", "SPAN"),
    ],
)
def test_livekit_types_follow_from_names(span_name: str, scope: str, type: str) -> None:
    assert observe({}, scope=scope, name=span_name).type == type
