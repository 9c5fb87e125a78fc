"""Drives the plain OpenTelemetry SDK 1.45.2 with its OTLP/HTTP exporter and the GenAI semantic conventions.

No Langfuse package: trace attributes are written by hand as the documentation for OpenTelemetry users says, and
scores go to the scores route one by one.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode
from scenario import BASE_URL, OBSERVATIONS, OPENAI, SCORES, SEED, SESSION, USER, VALUES, Story, agent_trace, large_text

KEYS = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
AUTHORIZATION = {"Authorization": f"Basic {base64.b64encode(KEYS.encode()).decode()}"}


def provider() -> TracerProvider:
    resource = Resource.create(
        {
            "service.name": "support",
            "service.version": VALUES["version"],
            "deployment.environment.name": VALUES["environment"],
            "langfuse.release": VALUES["release"],
        }
    )
    exporter = OTLPSpanExporter(endpoint=f"{BASE_URL}/api/public/otel/v1/traces", headers=AUTHORIZATION, compression=Compression.Gzip)
    made = TracerProvider(resource=resource)
    made.add_span_processor(BatchSpanProcessor(exporter))
    return made


class App:
    """A small instrumented application."""

    def __init__(self) -> None:
        self._provider = provider()
        self._tracer = self._provider.get_tracer("support-app", "1.0")

    @contextmanager
    def span(self, name: str, **attributes: Any) -> Iterator[Span]:
        with self._tracer.start_as_current_span(name, attributes=attributes) as span:
            yield span

    def flush(self) -> None:
        if not self._provider.force_flush():
            raise RuntimeError("the spans were not exported in time")


def ids(span: Span) -> tuple[str, str]:
    """Trace id and span id as hexadecimal text."""
    context = span.get_span_context()
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def io(name: str) -> dict[str, str]:
    known = OBSERVATIONS[name]
    found = {f"langfuse.observation.{key}": json.dumps(known[key]) for key in ("input", "output") if key in known}
    for key, value in known.get("metadata", {}).items():
        found[f"langfuse.observation.metadata.{key}"] = value if isinstance(value, str) else json.dumps(value)
    return found


def chat(known: dict[str, Any]) -> dict[str, Any]:
    """A model call by the GenAI conventions; its input tokens include those read from the cache."""
    usage = known["usageDetails"]
    cached, thought = usage.get("input_cached_tokens", 0), usage.get("output_reasoning_tokens", 0)
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": known["model"],
        "gen_ai.response.model": known["model"],
        "gen_ai.usage.input_tokens": usage["input"] + cached,
        "gen_ai.usage.output_tokens": usage["output"] + thought,
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.input.messages": json.dumps(known["input"]),
        "gen_ai.output.messages": json.dumps(known["output"]),
    }
    for key, value in known.get("modelParameters", {}).items():
        found[f"gen_ai.request.{key}"] = value
    return found


def trace_attributes() -> dict[str, Any]:
    trace = VALUES["trace"]
    found = {f"langfuse.trace.metadata.{key}": value for key, value in trace["metadata"].items()}
    return {
        "langfuse.trace.name": trace["name"],
        "langfuse.trace.tags": trace["tags"],
        "user.id": USER,
        "session.id": SESSION,
        **found,
    }


def agent(app: App) -> None:
    tool = OBSERVATIONS["lookup-order"]
    called = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "lookup-order",
        "gen_ai.tool.call.arguments": json.dumps(tool["input"]),
        "gen_ai.tool.call.result": json.dumps(tool["output"]),
    }
    with app.span("answer-ticket", **trace_attributes(), **io("answer-ticket")) as root:
        with (
            app.span("retrieve-context", **io("retrieve-context")) as retrieve,
            app.span("draft-answer", **chat(OBSERVATIONS["draft-answer"])) as draft,
            app.span("execute_tool lookup-order", **called) as lookup,
        ):
            pass
        miss_attributes = {"langfuse.observation.type": "event", "langfuse.observation.level": "WARNING"}
        miss_attributes["langfuse.observation.status_message"] = OBSERVATIONS["cache-miss"]["statusMessage"]
        with app.span("cache-miss", **miss_attributes, **io("cache-miss")) as miss:
            pass
        with app.span("charge-card", **io("charge-card")) as charge:
            charge.set_status(Status(StatusCode.ERROR, OBSERVATIONS["charge-card"]["statusMessage"]))
    trace_id, root_id = ids(root)
    draft_id, retrieve_id = ids(draft)[1], ids(retrieve)[1]
    score(trace_id, "helpfulness")
    score(trace_id, "tone", observationId=draft_id)
    score(trace_id, "resolved")
    app.flush()

    story = Story("agent", trace_id, **agent_trace())
    story.observation("answer-ticket", root_id)
    story.observation("retrieve-context", retrieve_id, root_id)
    story.observation("draft-answer", draft_id, retrieve_id, metadata={})
    story.observation("lookup-order", ids(lookup)[1], draft_id)
    story.observation("cache-miss", ids(miss)[1], root_id)
    story.observation("charge-card", ids(charge)[1], root_id)
    story.score("helpfulness", f"helpfulness-{SEED}")
    story.score("tone", f"tone-{SEED}", observationId=draft_id)
    story.score("resolved", f"resolved-{SEED}")
    story.tell()


def score(trace_id: str, name: str, **fields: Any) -> None:
    body = {"id": f"{name}-{SEED}", "traceId": trace_id, "name": name, "environment": VALUES["environment"]}
    request = urllib.request.Request(
        f"{BASE_URL}/api/public/scores",
        data=json.dumps({**body, **SCORES[name], **fields}).encode(),
        headers={"Content-Type": "application/json", **AUTHORIZATION},
    )
    with urllib.request.urlopen(request) as answer:
        if json.load(answer) != {"id": body["id"]}:
            raise RuntimeError("POST /scores must answer the score's id")


def decorated(app: App) -> None:
    """Model calls as the GenAI instrumentation of a client library writes them: no langfuse.* attribute at all."""
    known = {"model": OPENAI["model"], "usageDetails": OPENAI["usageDetails"], "input": OPENAI["messages"]}
    answer = [{"role": "assistant", "content": OPENAI["answer"]}]
    with app.span("answer") as root, app.span(f"chat {OPENAI['model']}", **chat({**known, "output": answer})) as call:
        call.set_attribute("gen_ai.usage.reasoning.output_tokens", OPENAI["usageDetails"]["output_reasoning_tokens"])
    app.flush()
    trace_id, root_id = ids(root)
    story = Story("decorated", trace_id, name="answer")
    story.observation("answer", root_id, type="SPAN")
    story.observation(f"chat {OPENAI['model']}", ids(call)[1], root_id, type="GENERATION", **{**known, "output": answer})
    story.tell()


def turns(app: App) -> None:
    stories: list[Story] = []
    session = f"turns-{SEED}"
    usage = {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1}
    for number in range(VALUES["turns"]):
        io = {"input.value": str(number), "output.value": f"reply {number}"}
        with app.span(f"turn-{number}", **{"user.id": USER, "session.id": session}, **usage, **io) as turn:
            pass
        trace_id, turn_id = ids(turn)
        story = Story("turns", trace_id, name=f"turn-{number}", userId=USER, sessionId=session)
        story.observation(f"turn-{number}", turn_id, type="GENERATION", input=number, output=f"reply {number}")
        stories.append(story)
    app.flush()
    for story in stories:
        story.tell()


def late(app: App) -> None:
    """A step that is exported before its root, which alone carries the trace's attributes."""
    known = {"langfuse.trace.name": "nightly-job", "user.id": USER, "session.id": f"late-{SEED}"}
    with app.span("job", **known, **{"input.value": "go"}) as root:
        with app.span("step", **{"input.value": "one", "output.value": "done"}) as step:
            pass
        app.flush()
        trace_id, root_id = ids(root)
        story = Story("early", trace_id)
        story.observation("step", ids(step)[1], root_id, type="SPAN", input="one", output="done")
        story.tell_and_wait()
        root.set_attribute("output.value", "all done")
    app.flush()
    trace = {"name": "nightly-job", "userId": USER, "sessionId": f"late-{SEED}"}
    story = Story("late", trace_id, **trace, input="go", output="all done")
    story.observation("job", root_id, type="SPAN", input="go", output="all done")
    story.observation("step", ids(step)[1], root_id, type="SPAN", input="one", output="done")
    story.tell()


def texts(app: App) -> None:
    odd = VALUES["unicode"]
    known = {"user.id": f"пользователь-{SEED}", "session.id": f"会话-{SEED}", "langfuse.trace.tags": ["ärger", "客服"]}
    io = {"input.value": json.dumps(odd["input"]), "output.value": odd["output"]}
    with app.span(odd["name"], **known, **io, **{"langfuse.observation.metadata.言語": odd["output"]}) as span:
        pass
    text = large_text()
    with app.span("large", **{"input.value": text, "output.value": json.dumps({"lines": text.split(". ")})}) as large:
        pass
    app.flush()

    trace_id, span_id = ids(span)
    story = Story("unicode", trace_id, userId=known["user.id"], sessionId=known["session.id"], tags=["ärger", "客服"])
    story.observation(odd["name"], span_id, type="SPAN", input=odd["input"], output=odd["output"], metadata={"言語": odd["output"]})
    story.tell()
    trace_id, large_id = ids(large)
    story = Story("large", trace_id, name="large")
    story.observation("large", large_id, type="SPAN", input=text, output={"lines": text.split(". ")})
    story.tell()


def batch(app: App) -> None:
    steps: list[Span] = []
    with app.span("batch") as root:
        for number in range(VALUES["batch"]):
            with app.span(f"step-{number}", **{"input.value": str(number)}) as step:
                steps.append(step)
    app.flush()
    trace_id, root_id = ids(root)
    story = Story("batch", trace_id, name="batch")
    story.observation("batch", root_id, type="SPAN")
    for number, step in enumerate(steps):
        story.observation(f"step-{number}", ids(step)[1], root_id, type="SPAN", input=number)
    story.tell()


def main() -> None:
    app = App()
    agent(app)
    decorated(app)
    turns(app)
    late(app)
    texts(app)
    batch(app)


if __name__ == "__main__":
    main()
