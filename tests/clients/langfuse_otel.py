"""The scenarios that the OpenTelemetry generations of the Python SDK (3, 4 and 5) write in the same way.

Each driver gives what differs between them: how a trace gets its user, session, tags and metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from langfuse import Langfuse, observe, propagate_attributes
from langfuse.openai import OpenAI
from scenario import (
    BASE_URL,
    OBSERVATIONS,
    OPENAI,
    SEED,
    USER,
    VALUES,
    Story,
    agent_trace,
    large_text,
    refused,
    tell,
)

TraceContext = Callable[[], AbstractContextManager[Any]]


def client(**settings: Any) -> Langfuse:
    """A client as an application makes it; keys and URL come from the environment."""
    return Langfuse(environment=VALUES["environment"], release=VALUES["release"], **settings)


def values(name: str) -> dict[str, Any]:
    """The keyword arguments of an observation, in the SDK's spelling."""
    spelling = {"statusMessage": "status_message", "modelParameters": "model_parameters", "usageDetails": "usage_details"}
    return {spelling.get(key, key): value for key, value in OBSERVATIONS[name].items() if key not in ("type", "output")}


def agent(langfuse: Langfuse, traced: TraceContext, within: Callable[[Any], None], **differences: Any) -> str:
    """A support agent's trace: span, nested span, generation, tool, event, failed span and three scores.

    `traced` surrounds the whole trace; `within` is called with the root span. Returns the trace id.
    """
    start = langfuse.start_as_current_observation
    with traced(), start(name="answer-ticket", as_type="span", **values("answer-ticket")) as root:
        within(root)
        with start(name="retrieve-context", as_type="span", **values("retrieve-context")) as retrieve:
            with start(name="draft-answer", as_type="generation", **values("draft-answer")) as draft:
                with start(name="lookup-order", as_type="tool", **values("lookup-order")) as lookup:
                    lookup.update(output=OBSERVATIONS["lookup-order"]["output"])
                draft.update(output=OBSERVATIONS["draft-answer"]["output"])
                draft.score(name="tone", value="friendly", data_type="CATEGORICAL", score_id=f"tone-{SEED}")
            retrieve.update(output=OBSERVATIONS["retrieve-context"]["output"])
        miss = langfuse.create_event(name="cache-miss", **values("cache-miss"))
        with start(name="charge-card", as_type="span", **values("charge-card")) as charge:
            pass
        root.score_trace(name="resolved", value=1, data_type="BOOLEAN", score_id=f"resolved-{SEED}")
        root.update(output=OBSERVATIONS["answer-ticket"]["output"])
    langfuse.create_score(trace_id=root.trace_id, name="helpfulness", value=0.9, comment="clear answer", score_id=f"helpfulness-{SEED}")
    langfuse.flush()

    story = Story("agent", root.trace_id, **agent_trace(**differences))
    story.observation("answer-ticket", root.id)
    story.observation("retrieve-context", retrieve.id, root.id)
    story.observation("draft-answer", draft.id, retrieve.id)
    story.observation("lookup-order", lookup.id, draft.id)
    story.observation("cache-miss", miss.id, root.id)
    story.observation("charge-card", charge.id, root.id)
    story.score("helpfulness", f"helpfulness-{SEED}")
    story.score("tone", f"tone-{SEED}", observationId=draft.id)
    story.score("resolved", f"resolved-{SEED}")
    story.tell()
    return root.trace_id


def decorated(langfuse: Langfuse) -> None:
    """Two decorated functions around a plain and a streamed call of the wrapped OpenAI client, under a seeded trace id."""
    trace_id = Langfuse.create_trace_id(seed=f"decorated-{SEED}")
    ids: dict[str, str] = {}
    openai = OpenAI()

    @observe()
    def answer(question: str) -> str:
        ids["answer"] = str(langfuse.get_current_observation_id())
        return think(question, depth=2)

    @observe(as_type="agent", name="thinking")
    def think(question: str, *, depth: int) -> str:
        ids["thinking"] = str(langfuse.get_current_observation_id())
        ask = {"model": OPENAI["model"], "messages": OPENAI["messages"]}
        done = openai.chat.completions.create(name="plain-call", temperature=0, **ask)
        parts = openai.chat.completions.create(name="streamed-call", stream=True, stream_options={"include_usage": True}, **ask)
        return str(done.choices[0].message.content) + str(len(list(parts)) > 1)

    answer("capital?", langfuse_trace_id=trace_id)
    langfuse.flush()

    story = Story("decorated", trace_id, name="answer")
    result = OPENAI["answer"] + "True"
    call = {"type": "GENERATION", "input": OPENAI["messages"], "usageDetails": OPENAI["usageDetails"]}
    story.observation("answer", ids["answer"], "", type="SPAN", input={"args": ["capital?"], "kwargs": {}}, output=result)
    story.observation("thinking", ids["thinking"], ids["answer"], type="AGENT", output=result)
    story.observation("plain-call", "", ids["thinking"], output={"role": "assistant", "content": OPENAI["answer"]}, **call)
    story.observation("streamed-call", "", ids["thinking"], output=OPENAI["answer"], **call)
    story.tell()


def turns(langfuse: Langfuse) -> None:
    """Several short traces of one session and user."""
    stories: list[Story] = []
    with propagate_attributes(user_id=USER, session_id=f"turns-{SEED}"):
        for number in range(VALUES["turns"]):
            with langfuse.start_as_current_observation(name=f"turn-{number}", as_type="generation", input=number) as turn:
                turn.update(output=f"reply {number}", model="gpt-4o", usage_details={"input": 10, "output": 1})
            story = Story("turns", turn.trace_id, name=f"turn-{number}", userId=USER, sessionId=f"turns-{SEED}")
            story.observation(f"turn-{number}", turn.id, type="GENERATION", input=number, output=f"reply {number}")
            stories.append(story)
    langfuse.flush()
    for story in stories:
        story.tell()


def late(langfuse: Langfuse) -> None:
    """A long-running trace whose first step is exported, and must be readable with all trace attributes, before its root."""
    user = {"user_id": USER, "session_id": f"late-{SEED}", "tags": ["nightly"], "trace_name": "nightly-job"}
    usage = {"model": "gpt-4o", "usage_details": {"input": 10, "output": 1}}
    with propagate_attributes(**user), langfuse.start_as_current_observation(name="job", as_type="span", input="go") as root:
        with langfuse.start_as_current_observation(name="step", as_type="generation", input="one", **usage) as step:
            step.update(output="done")
        langfuse.flush()
        trace = {"name": "nightly-job", "userId": USER, "sessionId": f"late-{SEED}", "tags": ["nightly"]}
        story = Story("early", root.trace_id, **trace)
        story.observation("step", step.id, root.id, type="GENERATION", input="one", output="done")
        story.tell_and_wait()
        root.update(output="all done")
    langfuse.flush()
    story = Story("late", root.trace_id, **trace, input="go", output="all done")
    story.observation("job", root.id, type="SPAN", input="go", output="all done")
    story.observation("step", step.id, root.id, type="GENERATION", input="one", output="done")
    story.tell()


def texts(langfuse: Langfuse) -> None:
    """Scripts beyond Latin, and a payload of 200 KB."""
    odd = VALUES["unicode"]
    with (
        propagate_attributes(user_id=f"пользователь-{SEED}", session_id=f"会话-{SEED}", tags=["ärger", "客服"]),
        langfuse.start_as_current_observation(name=odd["name"], as_type="span", input=odd["input"]) as span,
    ):
        span.update(output=odd["output"], metadata={"言語": odd["output"]})
    text = large_text()
    with langfuse.start_as_current_observation(name="large", as_type="span", input=text) as large:
        large.update(output={"lines": text.split(". ")})
    langfuse.flush()

    story = Story("unicode", span.trace_id, userId=f"пользователь-{SEED}", sessionId=f"会话-{SEED}", tags=["ärger", "客服"])
    story.observation(odd["name"], span.id, type="SPAN", input=odd["input"], output=odd["output"], metadata={"言語": odd["output"]})
    story.tell()
    story = Story("large", large.trace_id, name="large")
    story.observation("large", large.id, type="SPAN", input=text, output={"lines": text.split(". ")})
    story.tell()


def batch(langfuse: Langfuse) -> None:
    """More spans than one export carries."""
    with langfuse.start_as_current_observation(name="batch", as_type="chain") as root:
        steps = [root.start_observation(name=f"step-{number}", as_type="span", input=number).end() for number in range(VALUES["batch"])]
    langfuse.flush()
    story = Story("batch", root.trace_id, name="batch")
    story.observation("batch", root.id, type="CHAIN")
    for number, step in enumerate(steps):
        story.observation(f"step-{number}", step.id, root.id, type="SPAN", input=number)
    story.tell()


def access(langfuse: Langfuse, trace_id: str) -> None:
    """The key check with right and wrong keys, and the link to a trace."""
    wrong = Langfuse(public_key="pk-lf-wrong", secret_key="sk-lf-wrong", base_url=BASE_URL, tracing_enabled=False)
    tell(
        scenario="access",
        traceId=trace_id,
        authCheck=langfuse.auth_check(),
        wrongKeys=refused(wrong.auth_check),
        traceUrl=langfuse.get_trace_url(trace_id=trace_id),
    )
