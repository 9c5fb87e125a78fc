"""Drives langfuse 2.60.10: everything as events to the ingestion route, with ids of the caller's choice."""

from __future__ import annotations

from typing import Any

from langfuse import Langfuse
from langfuse.api.resources.commons.errors import NotFoundError
from langfuse.decorators import langfuse_context, observe
from langfuse.openai import OpenAI
from scenario import (
    BASE_URL,
    OBSERVATIONS,
    OPENAI,
    SEED,
    SESSION,
    USER,
    VALUES,
    Story,
    agent_trace,
    large_text,
    refused,
    tell,
    when_readable,
)

METADATA = {**VALUES["trace"]["metadata"], "attempt": 3, "nested": {"region": "eu"}}
# This SDK has spans, generations and events only, and writes fractions among model parameters as text.
NO_TOOLS = {"type": "SPAN"}
PARAMETERS = {"max_tokens": 400, "temperature": "0.2"}


def values(name: str) -> dict[str, Any]:
    spelling = {
        "statusMessage": "status_message",
        "modelParameters": "model_parameters",
        "usageDetails": "usage_details",
    }
    known = OBSERVATIONS[name]
    return {"name": name, **{spelling.get(key, key): value for key, value in known.items() if key not in ("type", "output")}}


def agent(langfuse: Langfuse) -> Any:
    given = VALUES["trace"]
    trace = langfuse.trace(
        id=f"order 1042 – {SEED}",
        name=given["name"],
        user_id=USER,
        session_id=SESSION,
        tags=given["tags"],
        metadata=METADATA,
        version=VALUES["version"],
        input=given["input"],
        public=True,
    )
    root = trace.span(id=f"root-{SEED}", **values("answer-ticket"))
    retrieve = root.span(**values("retrieve-context"))
    draft = retrieve.generation(**values("draft-answer"))
    lookup = draft.span(**values("lookup-order"))
    lookup.end(output=OBSERVATIONS["lookup-order"]["output"])
    draft.end(output=OBSERVATIONS["draft-answer"]["output"])
    retrieve.end(output=OBSERVATIONS["retrieve-context"]["output"])
    miss = root.event(**values("cache-miss"))
    charge = root.span(**values("charge-card"))
    charge.end()
    root.end(output=OBSERVATIONS["answer-ticket"]["output"])
    trace.update(output=given["output"])
    trace.score(id=f"helpfulness-{SEED}", name="helpfulness", value=0.9, comment="clear answer")
    draft.score(id=f"tone-{SEED}", name="tone", value="friendly")
    langfuse.score(id=f"resolved-{SEED}", trace_id=trace.id, name="resolved", value=1, data_type="BOOLEAN")
    langfuse.flush()

    story = Story("agent", trace.id, **agent_trace(metadata=METADATA, public=True))
    story.observation("answer-ticket", root.id)
    story.observation("retrieve-context", retrieve.id, root.id)
    story.observation("draft-answer", draft.id, retrieve.id, modelParameters=PARAMETERS)
    story.observation("lookup-order", lookup.id, draft.id, **NO_TOOLS)
    story.observation("cache-miss", miss.id, root.id)
    story.observation("charge-card", charge.id, root.id)
    story.score("helpfulness", f"helpfulness-{SEED}")
    story.score("tone", f"tone-{SEED}", observationId=draft.id)
    story.score("resolved", f"resolved-{SEED}")
    story.tell()
    return trace


def decorated() -> None:
    trace_id = f"decorated-{SEED}"
    ids: dict[str, str] = {}
    openai = OpenAI()
    langfuse_context.configure(environment=VALUES["environment"], release=VALUES["release"])

    @observe()
    def answer(question: str) -> str:
        langfuse_context.update_current_trace(user_id=USER, tags=["decorated"])
        return think(question, depth=2)

    @observe(name="thinking")
    def think(question: str, *, depth: int) -> str:
        ids["thinking"] = str(langfuse_context.get_current_observation_id())
        ask = {"model": OPENAI["model"], "messages": OPENAI["messages"]}
        done = openai.chat.completions.create(name="plain-call", temperature=0, **ask)
        parts = openai.chat.completions.create(name="streamed-call", stream=True, stream_options={"include_usage": True}, **ask)
        return str(done.choices[0].message.content) + str(len(list(parts)) > 1)

    answer("capital?", langfuse_observation_id=trace_id)
    langfuse_context.flush()

    result = OPENAI["answer"] + "True"
    story = Story("decorated", trace_id, name="answer", userId=USER, tags=["decorated"], output=result)
    call = {"type": "GENERATION", "input": OPENAI["messages"], "usageDetails": OPENAI["usageDetails"]}
    story.observation("thinking", ids["thinking"], type="SPAN", output=result)
    story.observation("plain-call", "", ids["thinking"], output={"role": "assistant", "content": OPENAI["answer"]}, **call)
    story.observation("streamed-call", "", ids["thinking"], output=OPENAI["answer"], **call)
    story.tell()


def turns(langfuse: Langfuse) -> None:
    stories: list[Story] = []
    session = f"turns-{SEED}"
    for number in range(VALUES["turns"]):
        trace = langfuse.trace(name=f"turn-{number}", user_id=USER, session_id=session)
        # The older form of usage, which every release before 2.53 sends.
        turn = trace.generation(name=f"turn-{number}", input=number, model="gpt-4o", usage={"input": 10, "output": 1})
        turn.end(output=f"reply {number}")
        story = Story("turns", trace.id, name=f"turn-{number}", userId=USER, sessionId=session)
        story.observation(f"turn-{number}", turn.id, type="GENERATION", input=number, output=f"reply {number}")
        stories.append(story)
    langfuse.flush()
    for story in stories:
        story.tell()


def late(langfuse: Langfuse) -> None:
    """A trace that is told about twice: the second telling adds to the first and corrects it."""
    trace = langfuse.trace(name="draft", user_id=USER, tags=["nightly"], metadata={"kept": 1, "changed": {"a": 1}})
    step = trace.generation(name="step", input="one", metadata={"kept": True})
    langfuse.flush()
    story = Story("early", trace.id, name="draft", userId=USER, tags=["nightly"], metadata={"kept": 1, "changed": {"a": 1}})
    story.observation("step", step.id, type="GENERATION", input="one", endTime=None, metadata={"kept": True})
    story.tell_and_wait()
    trace.update(name="nightly-job", tags=["done"], metadata={"changed": {"b": 2}}, output="all done")
    step.end(output="done", model="gpt-4o", usage_details={"input": 10, "output": 1}, level="WARNING", metadata={"new": 2})
    langfuse.flush()
    changed = {"name": "nightly-job", "tags": ["done", "nightly"], "metadata": {"kept": 1, "changed": {"a": 1, "b": 2}}}
    story = Story("late", trace.id, **changed, userId=USER, output="all done")
    story.observation(
        "step",
        step.id,
        type="GENERATION",
        input="one",
        output="done",
        model="gpt-4o",
        level="WARNING",
        usageDetails={"input": 10, "output": 1, "total": 11},
        metadata={"kept": True, "new": 2},
    )
    story.tell()


def texts(langfuse: Langfuse) -> None:
    odd = VALUES["unicode"]
    known = {"user_id": f"пользователь-{SEED}", "session_id": f"会话-{SEED}", "tags": ["ärger", "客服"]}
    trace = langfuse.trace(id=f"票/{SEED}", name=odd["name"], **known)
    span = trace.span(name=odd["name"], input=odd["input"])
    span.end(output=odd["output"], metadata={"言語": odd["output"]})
    text = large_text()
    long = langfuse.trace(name="large")
    large = long.span(name="large", input=text)
    large.end(output={"lines": text.split(". ")})
    langfuse.flush()

    story = Story("unicode", trace.id, userId=known["user_id"], sessionId=known["session_id"], tags=known["tags"])
    story.observation(odd["name"], span.id, type="SPAN", input=odd["input"], output=odd["output"], metadata={"言語": odd["output"]})
    story.tell()
    story = Story("large", long.id, name="large")
    story.observation("large", large.id, type="SPAN", input=text, output={"lines": text.split(". ")})
    story.tell()


def batch(langfuse: Langfuse) -> None:
    trace = langfuse.trace(name="batch")
    root = trace.span(name="batch")
    steps = [root.span(name=f"step-{number}", input=number) for number in range(VALUES["batch"])]
    for step in steps:
        step.end()
    root.end()
    langfuse.flush()
    story = Story("batch", trace.id, name="batch")
    story.observation("batch", root.id, type="SPAN")
    for number, step in enumerate(steps):
        story.observation(f"step-{number}", step.id, root.id, type="SPAN", input=number)
    story.tell()


def access(langfuse: Langfuse, trace: Any) -> None:
    wrong = Langfuse(public_key="pk-lf-wrong", secret_key="sk-lf-wrong", host=BASE_URL)
    tell(
        scenario="access",
        traceId=trace.id,
        authCheck=langfuse.auth_check(),
        wrongKeys=refused(wrong.auth_check),
        traceUrl=trace.get_trace_url(),
    )


def main() -> None:
    langfuse = Langfuse(environment=VALUES["environment"], release=VALUES["release"])
    trace = agent(langfuse)
    decorated()
    turns(langfuse)
    late(langfuse)
    texts(langfuse)
    batch(langfuse)
    access(langfuse, trace)
    read = when_readable(lambda: langfuse.fetch_trace(trace.id).data, NotFoundError)
    tell(scenario="fetched", name=read.name, observations=[item.name for item in read.observations])


if __name__ == "__main__":
    main()
