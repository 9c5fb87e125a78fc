"""Traces that look like a real team's, for browser tests and screenshots. The same seed gives the same traces."""

import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

NAMES = {
    "support-agent": (
        "My invoice for March shows two charges for the Team plan, can you refund one?",
        "I found a duplicate charge of **$49.00** on 3 March and opened refund `RF-20418`. It reaches your card within 5 business days.",
    ),
    "rag-answer": ("How do I rotate an API key?", "Create a second key, deploy it, then revoke the first one."),
    "ticket-triage": ("Subject: SSO login loop after the domain change", '{"queue": "identity", "priority": 2}'),
    "sql-analyst": ("Weekly active workspaces by plan, last eight weeks", "Query failed after 3 attempts: column plan_name does not exist"),
    "doc-summarizer": (
        "contract_msa_northwind_v7.pdf (34 pages)",
        "The agreement renews on 1 January unless one party gives 60 days notice.",
    ),
    "refund-flow": ('{"order_id": "A-77103", "reason": "duplicate"}', "Approved: full refund of $128.40"),
    "zh-support": ("如何在自托管环境中启用单点登录？", "在“设置 → 身份验证”中添加 OIDC 提供方，然后重启服务。"),
}
MODELS = ("gpt-4o", "claude-sonnet-4-5-20250929", "gpt-5-mini", "gemini-2.5-flash")


def _event(kind: str, moment: datetime, body: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, "timestamp": moment.isoformat(), "body": body}


def trace(random_: random.Random, began: datetime, number: int, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """One trace: an agent with a retriever, tools, generations, sometimes an error."""
    name = random_.choice(names)
    question, answer = NAMES[name]
    trace_id = f"{number:08x}" + uuid.UUID(int=random_.getrandbits(128)).hex[:24]
    failed = name == "sql-analyst" and random_.random() < 0.6
    environment = random_.choices(("production", "staging"), (9, 1))[0]
    events = [
        _event("trace-create", began, {
            "id": trace_id, "name": name, "timestamp": began.isoformat(), "userId": f"u_{48200 + random_.randrange(40)}", "sessionId": f"s_{random_.randrange(16**4):04x}",
            "tags": random_.sample(["billing", "refund", "eu", "beta", "batch"], random_.choice((0, 1, 2))), "input": question, "output": answer,
            "environment": environment, "release": "2026.11.3", "version": "14", "metadata": {"region": "eu-west-1", "attempt": 1},
        })
    ]  # fmt: skip
    at, root = began, f"{trace_id[:12]}-0"

    def observe(kind: str, id: str, parent: str | None, label: str, seconds: float, **body: Any) -> None:
        nonlocal at
        end = at + timedelta(seconds=seconds)
        events.append(
            _event(
                f"{kind}-create",
                at,
                {
                    "id": id,
                    "traceId": trace_id,
                    "parentObservationId": parent,
                    "name": label,
                    "startTime": at.isoformat(),
                    "endTime": end.isoformat(),
                    "environment": environment,
                    **body,
                },
            )
        )
        at = end

    def generation(id: str, parent: str, label: str, messages: list[dict[str, Any]], output: Any) -> None:
        given, made = random_.randrange(300, 9000), random_.randrange(40, 1600)
        seconds = 0.4 + made / 900
        observe("generation", id, parent, label, seconds, model=random_.choice(MODELS), input=messages, output=output, modelParameters={"temperature": 0.2, "max_tokens": 1024},
                completionStartTime=(at + timedelta(seconds=seconds * 0.25)).isoformat(), usageDetails={"input": given, "input_cached_tokens": given // 3, "output": made})  # fmt: skip

    system = {
        "role": "system",
        "content": "You are the billing assistant of Northwind. Be brief, cite the refund id, never promise a date you do not know.",
    }
    begin = at
    observe(
        "retriever",
        f"{root}r",
        root,
        "search-billing-docs",
        random_.uniform(0.1, 0.6),
        input={"query": question[:80]},
        output=[{"id": "kb-112", "score": 0.91}, {"id": "kb-87", "score": 0.74}],
    )
    call = {
        "id": "call_8f1",
        "type": "function",
        "function": {"name": "billing.create_refund", "arguments": '{"charge_id": "ch_3Q9x71", "amount": 4900, "reason": "duplicate"}'},
    }
    generation(
        f"{root}p",
        root,
        "plan",
        [system, {"role": "user", "content": question}],
        {"role": "assistant", "content": None, "tool_calls": [call]},
    )
    level = (
        {"level": "ERROR", "statusMessage": "429 Too Many Requests: retried 3 times"}
        if failed
        else {"level": "WARNING", "statusMessage": "slow upstream"}
        if random_.random() < 0.12
        else {}
    )
    observe(
        "tool",
        f"{root}t",
        root,
        "billing.create_refund",
        random_.uniform(0.2, 1.4),
        input={"charge_id": "ch_3Q9x71", "amount": 4900},
        output={"refund_id": "RF-20418", "status": "pending", "eta_days": 5},
        **level,
    )
    tool = {"role": "tool", "name": "billing.create_refund", "content": '{"refund_id": "RF-20418", "status": "pending", "eta_days": 5}'}
    generation(
        f"{root}a",
        root,
        "final-answer",
        [system, {"role": "user", "content": question}, {"role": "assistant", "content": None, "tool_calls": [call]}, tool],
        {"role": "assistant", "content": answer},
    )
    events.append(
        _event(
            "agent-create",
            begin,
            {
                "id": root,
                "traceId": trace_id,
                "name": name,
                "startTime": begin.isoformat(),
                "endTime": at.isoformat(),
                "environment": environment,
                "input": question,
                "output": answer,
            },
        )
    )
    scores = [
        ("helpfulness", round(random_.uniform(0.5, 1), 2), "NUMERIC"),
        ("feedback", random_.choice(("positive", "negative")), "CATEGORICAL"),
        ("policy_ok", 1, "BOOLEAN"),
    ]
    events += [
        _event(
            "score-create",
            at,
            {
                "id": f"{root}s{n}",
                "traceId": trace_id,
                "observationId": f"{root}a" if n == 0 else None,
                "name": label,
                "value": value,
                "dataType": kind,
            },
        )
        for n, (label, value, kind) in enumerate(scores)
    ]
    return events


SHOWCASE = "tr_0f93c2a1"


def showcase(began: datetime) -> list[dict[str, Any]]:
    """One trace with everything a page can show: ten types, tool calls, a retry, an error, cached and reasoning tokens, scores."""
    at = lambda seconds: (began + timedelta(seconds=seconds)).isoformat()  # noqa: E731
    question = "My invoice for March shows two charges for the Team plan, can you refund one?"
    answer = (
        "I found a duplicate charge of **$49.00** on 3 March and opened refund `RF-20418`. It reaches your card within 5 business days.\n\n"
        "- Charge kept: `ch_3Q9x02`, 1 March, Team plan\n- Charge refunded: `ch_3Q9x71`, 3 March, retry after a timeout\n\n"
        "Is there anything else on this invoice you would like me to check?"
    )
    system = "You are the billing agent of Northwind. Be precise, never promise dates you cannot keep.\n\n- refunds up to $100 without approval\n- always name the charge and the refund id\n- hand over to a person when the customer asks for one"
    call = {
        "id": "call_8f1",
        "type": "function",
        "function": {"name": "billing.create_refund", "arguments": '{"charge_id": "ch_3Q9x71", "amount": 4900, "reason": "duplicate"}'},
    }
    messages = [
        {"role": "system", "content": system},
        {"role": "user", "content": question},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {
            "role": "tool",
            "name": "billing.create_refund",
            "tool_call_id": "call_8f1",
            "content": '{"refund_id": "RF-20418", "status": "pending", "eta_days": 5}',
        },
    ]
    model = {"model": "claude-sonnet-4-5", "modelParameters": {"temperature": 0.2, "max_tokens": 2048}}
    events = [
        _event("trace-create", began, {
            "id": SHOWCASE, "name": "support-agent", "timestamp": at(0), "userId": "u_48213", "sessionId": "s_9f2c", "release": "2026.09.3", "version": "14",
            "environment": "production", "tags": ["billing", "refund"], "input": question, "output": answer, "metadata": {"channel": "web", "tenant": {"id": "acme", "plan": "team", "seats": 42}, "flags": ["beta", "eu"]},
        })
    ]  # fmt: skip

    def add(id: str, parent: str | None, kind: str, name: str, start: float, end: float, **body: Any) -> None:
        body |= {
            "id": id,
            "traceId": SHOWCASE,
            "parentObservationId": parent,
            "name": name,
            "startTime": at(start),
            "environment": "production",
        }
        events.append(_event(f"{kind}-create", began, body | ({"endTime": at(end)} if kind != "event" else {})))

    add("o1", None, "agent", "support-agent", 0, 8.42, input=question, output=answer)
    add("o2", "o1", "guardrail", "input-safety", 0.02, 0.2, output={"pass": True})
    add("o3", "o1", "chain", "load-context", 0.21, 1.13)
    add("o4", "o3", "embedding", "embed-question", 0.22, 0.33, model="text-embedding-3-small", usageDetails={"input": 212}, input=question)
    add(
        "o5",
        "o3",
        "retriever",
        "search-billing-docs",
        0.34,
        0.8,
        input={"query": "duplicate charge", "k": 8},
        output=[{"id": "kb-112", "score": 0.91}, {"id": "kb-87", "score": 0.74}],
    )
    add("o6", "o3", "tool", "crm.get_customer", 0.82, 1.12, input={"user": "u_48213"}, output={"id": "cus_1", "plan": "team"})
    add("o7", "o1", "agent", "billing-agent", 1.15, 6.93)
    add(
        "o8",
        "o7",
        "generation",
        "plan",
        1.17,
        2.51,
        completionStartTime=at(1.5),
        input=messages[:2],
        output={"role": "assistant", "content": "1. list charges\n2. refund the duplicate"},
        usageDetails={"input": 3120, "output": 420},
        **model,
    )
    add(
        "o9",
        "o7",
        "tool",
        "billing.list_charges",
        2.55,
        2.96,
        input={"month": "2026-03"},
        output=[{"id": "ch_3Q9x02", "amount": 4900}, {"id": "ch_3Q9x71", "amount": 4900}],
    )
    add(
        "o10",
        "o7",
        "generation",
        "decide-refund",
        3.0,
        4.52,
        completionStartTime=at(3.28),
        input=messages[:2],
        output=messages[2],
        usageDetails={"input": 4310, "output": 512},
        **model,
    )
    add(
        "o11",
        "o7",
        "tool",
        "billing.create_refund",
        4.55,
        5.17,
        level="WARNING",
        statusMessage="429, retried",
        input={"charge_id": "ch_3Q9x71"},
        output={"error": "rate limited"},
    )
    add("o12", "o7", "span", "retry-backoff", 5.18, 5.58)
    add(
        "o13",
        "o7",
        "tool",
        "billing.create_refund",
        5.6,
        6.12,
        input={"charge_id": "ch_3Q9x71", "amount": 4900},
        output={"refund_id": "RF-20418", "status": "pending", "eta_days": 5},
    )
    usage = {"input": 2118, "input_cached_tokens": 4096, "output": 1007, "output_reasoning_tokens": 201}
    add(
        "o14",
        "o7",
        "generation",
        "final-answer",
        6.15,
        6.93,
        completionStartTime=at(6.34),
        input=messages,
        output={"role": "assistant", "content": answer},
        usageDetails=usage,
        promptName="billing-answer",
        promptVersion=14,
        metadata={"finish_reason": "stop"},
        **model,
    )
    add("o15", "o1", "evaluator", "helpfulness-judge", 6.98, 7.94)
    add(
        "o16",
        "o15",
        "generation",
        "judge",
        7.0,
        7.92,
        completionStartTime=at(7.42),
        model="gpt-5-mini",
        usageDetails={"input": 2200, "output": 310},
        input=[{"role": "user", "content": "Rate the answer"}],
        output={"score": 0.94},
    )
    add("o17", "o1", "guardrail", "output-policy", 7.97, 8.11, output={"pass": True})
    add("o18", "o1", "span", "persist-conversation", 8.12, 8.39)
    add(
        "o19",
        "o18",
        "tool",
        "crm.write_note",
        8.2,
        8.35,
        level="ERROR",
        statusMessage="HTTPError: 503 Service Unavailable",
        input={"note": "refund RF-20418"},
    )
    add("o20", "o18", "event", "conversation.saved", 8.38, 8.38)
    scores = (("helpfulness", 0.94, "NUMERIC"), ("policy_ok", 1, "BOOLEAN"), ("feedback", "positive", "CATEGORICAL"))
    events += [
        _event(
            "score-create",
            began,
            {
                "id": f"sc-{name}",
                "traceId": SHOWCASE,
                "observationId": "o14",
                "name": name,
                "value": value,
                "dataType": kind,
                "comment": "Names both charges and the refund." if kind == "NUMERIC" else None,
            },
        )
        for name, value, kind in scores
    ]
    return events


def send(client: httpx.Client, count: int = 60, seed: int = 7, names: tuple[str, ...] = tuple(NAMES)) -> None:
    """Post the sample, newest last, spread over the last days; the showcase a few minutes ago. names: some of NAMES."""
    random_ = random.Random(seed)
    now = datetime.now(UTC)
    for number in range(count):
        age = timedelta(minutes=(count - number) ** 2 * 1.2, seconds=random_.uniform(0, 50))
        client.post("/api/public/ingestion", json={"batch": trace(random_, now - age, number, names)}).raise_for_status()
    client.post("/api/public/ingestion", json={"batch": showcase(now - timedelta(minutes=3))}).raise_for_status()


def wait_for(client: httpx.Client, trace_id: str, seconds: float = 30) -> None:
    """Until a trace can be read."""
    deadline = time.monotonic() + seconds
    while client.get(f"/api/public/traces/{quote(trace_id, safe='')}").status_code != 200:
        assert time.monotonic() < deadline, f"{trace_id} did not appear within {seconds} s"
        time.sleep(0.1)
