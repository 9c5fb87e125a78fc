"""Seeded traces as applications make them: 42 % chat, 30 % retrieval, 28 % agents; 1 to 60 spans, 3.4 KB of payload each.

A trace depends on (seed, number) alone. Its ids begin with TAG, so that a sender can make the same traces anew under
other ids by changing those bytes. Starts lie within one half hour, as those of live traffic do.
"""

import hashlib
import math
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.text import pool

TAG = b"\xfe\xbe\xed\x07"  # no UTF-8 text holds these bytes
BASE_NS = 1_748_858_400_000_000_000  # 2025-06-02T10:00:00Z
WINDOW_NS = 1_800_000_000_000
MS = 1_000_000  # ns

MODELS = {  # name → provider, weight
    "gpt-4o-mini": ("openai", 34),
    "gpt-4o": ("openai", 18),
    "claude-sonnet-4-20250514": ("anthropic", 22),
    "claude-3-5-haiku-20241022": ("anthropic", 12),
    "gemini-2.5-flash": ("google", 10),
    "o3-mini": ("openai", 4),
}
NAMES = {
    "chat": ("chat-turn", "support-chat", "summarize-email", "classify-ticket", "translate", "title-generator"),
    "rag": ("docs-qa", "kb-search", "contract-qa", "product-recommendation", "wiki-answer"),
    "agent": ("research-agent", "coding-agent", "sql-agent", "travel-planner", "ops-agent"),
}
TAGS = ("prod", "beta", "canary", "eu", "us", "mobile", "web", "batch", "paid", "trial", "internal", "ab-a", "ab-b", "v2", "slow-path")
TOOLS = ("web_search", "run_sql", "read_file", "http_get", "calculator", "calendar_lookup", "send_email", "python")
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-south-1")


@dataclass(slots=True)
class Span:
    """One observation; times in nanoseconds, `type` in Langfuse's words."""

    id: bytes
    parent: bytes
    type: str
    name: str
    start: int
    end: int
    input: Any
    output: Any
    model: str = ""
    provider: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, int] = field(default_factory=dict)
    level: str = "DEFAULT"
    status: str = ""
    first_token: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Trace:
    """A trace; its first span is the root. `scores` are (name, data type, value)."""

    id: bytes
    name: str
    user: str
    session: str
    environment: str
    release: str
    tags: list[str]
    metadata: dict[str, Any]
    start: int
    spans: list[Span] = field(default_factory=list)
    scores: list[tuple[str, str, Any]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """When its last span ended."""
        return max(span.end for span in self.spans)


def traces(seed: int) -> Iterator[Trace]:
    """All traces of a seed, without end."""
    number = 0
    while True:
        yield make_trace(seed, number)
        number += 1


def make_trace(seed: int, number: int) -> Trace:
    """Trace `number` of the seed's series (below 67 million)."""
    return _Author(seed, number).write()


class _Author:
    """Writes one trace, span by span, along a clock."""

    def __init__(self, seed: int, number: int) -> None:
        self._rng = random.Random(f"{seed}:{number}")
        self._number, self._text = number, pool()
        rng = self._rng
        self._kind = rng.choices(("chat", "rag", "agent"), weights=(42, 30, 28))[0]
        user = f"user-{int(2000 * rng.random() ** 2.2):04d}"
        self._trace = Trace(
            id=TAG + hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=12).digest(),
            name=rng.choice(NAMES[self._kind]),
            user=user,
            session=f"session-{user}-{rng.randrange(3)}" if rng.random() < 0.7 else "",
            environment=rng.choices(("production", "staging", "development"), weights=(85, 10, 5))[0],
            release=f"v2.{number % 12}.{rng.randrange(3)}",
            tags=sorted(rng.sample(TAGS, rng.choice((0, 1, 1, 2, 2, 3)))),
            metadata=self._metadata(),
            start=BASE_NS + int(rng.random() * WINDOW_NS),
        )
        self._clock = self._trace.start

    def _metadata(self) -> dict[str, Any]:
        rng = self._rng
        return {
            "tenant": f"tenant-{int(200 * rng.random() ** 2):03d}",
            "region": rng.choice(REGIONS),
            "tier": rng.choice(("free", "pro", "team", "enterprise")),
            "request_id": f"{rng.getrandbits(64):016x}",
            "build": 4200 + self._number % 17,
            "cached": rng.random() < 0.2,
        }

    def write(self) -> Trace:
        """The whole trace."""
        {"chat": self._chat, "rag": self._rag, "agent": self._agent}[self._kind]()
        if self._rng.random() < 0.3:
            self._trace.scores.append(("faithfulness", "NUMERIC", round(self._rng.random(), 3)))
            if self._rng.random() < 0.5:
                self._trace.scores.append(("user-feedback", "CATEGORICAL", self._rng.choice(("up", "down"))))
        return self._trace

    # --- the three kinds of application -------------------------------------------------------

    def _chat(self) -> None:
        if self._rng.random() < 0.35:
            self._generation(b"", self._trace.name, 2200)
            return
        root = self._root("SPAN", {"question": self._words(350)})
        answers = [self._generation(root.id, "chat-completion", 2200).output["content"] for _ in range(self._rng.choice((1, 1, 2, 3)))]
        self._finish(root, {"answer": answers[-1]})

    def _rag(self) -> None:
        root = self._root("CHAIN", {"question": self._words(350)})
        for _ in range(self._rng.choice((1, 1, 1, 2))):
            self._retrieval(root.id)
        if self._rng.random() < 0.4:
            self._span(root.id, "SPAN", "rerank", 30 * MS, {"k": 5}, {"order": [3, 1, 0, 2, 4]})
        last = self._generation(root.id, "answer", 4200)
        if self._rng.random() < 0.3:
            last = self._generation(root.id, "self-check", 1500)
        self._finish(root, {"answer": last.output["content"]})

    def _agent(self) -> None:
        rng, spans = self._rng, self._trace.spans
        wanted = int(8 + 20 * rng.random() ** 1.5) if rng.random() < 0.92 else int(30 + 30 * rng.random())
        root = self._root("AGENT", {"task": self._words(350)})
        answer = ""
        while len(spans) < wanted:
            step = self._span(root.id, "SPAN", f"step-{len(spans)}", 0, {"thought": self._words(200, 0.6)}, None)
            answer = self._generation(step.id, "plan", 2600).output["content"]
            for _ in range(min(rng.choice((1, 1, 2, 3)), wanted - len(spans))):
                self._retrieval(step.id) if rng.random() < 0.15 else self._tool(step.id)
            self._finish(step, {"done": True})
        self._finish(root, {"answer": answer})

    # --- spans --------------------------------------------------------------------------------

    def _root(self, kind: str, given: dict[str, Any]) -> Span:
        return self._span(b"", kind, self._trace.name, 2 * MS, given, None)

    def _finish(self, span: Span, output: dict[str, Any]) -> None:
        span.end, span.output = self._clock + MS, output

    def _span(self, parent: bytes, kind: str, name: str, duration: int, given: Any, output: Any) -> Span:
        rng, number = self._rng, len(self._trace.spans)
        span_id = TAG + struct.pack(">I", self._number << 6 | number)
        span = Span(span_id, parent, kind, name, self._clock, self._clock + duration, given, output)
        draw = rng.random()
        if draw < 0.02:
            span.level, span.status = "ERROR", "TimeoutError: upstream did not answer within 30s: " + self._words(80, 0.1)
        elif draw < 0.05:
            span.level = "WARNING"
        span.metadata = {"step": number, "worker": f"w{rng.randrange(12)}"}
        self._clock = span.end
        self._trace.spans.append(span)
        return span

    def _generation(self, parent: bytes, name: str, characters: int) -> Span:
        rng = self._rng
        model = rng.choices(list(MODELS), weights=[weight for _, weight in MODELS.values()])[0]
        messages = [
            {"role": "system", "content": self._text[: 400 + 37 * (len(name) % 9)]},
            {"role": "user", "content": self._words(characters)},
        ]
        if rng.random() < 0.3:
            messages.insert(1, {"role": "assistant", "content": self._words(500)})
        answer = {"role": "assistant", "content": self._words(700)}
        usage = {"input": sum(len(m["content"]) for m in messages) // 4 + 8, "output": len(answer["content"]) // 4 + 3}
        duration = int((250 + usage["output"] * (4 + 14 * rng.random())) * MS)
        span = self._span(parent, "GENERATION", name, duration, messages, answer)
        span.model, span.provider, span.usage = model, MODELS[model][0], usage
        span.parameters = {"temperature": round(rng.random(), 2), "max_tokens": 1024}
        span.first_token = span.start + duration // 5
        return span

    def _tool(self, parent: bytes) -> Span:
        given = {"arguments": {"query": self._words(160, 0.6), "limit": self._rng.randrange(50)}}
        duration = int(self._rng.expovariate(1 / 180) * MS) + MS
        return self._span(parent, "TOOL", self._rng.choice(TOOLS), duration, given, {"ok": True, "result": self._words(1400, 1.1)})

    def _retrieval(self, parent: bytes) -> Span:
        rng = self._rng
        question = self._words(120, 0.5)
        embedding = self._span(parent, "EMBEDDING", "embed-query", rng.randrange(20, 60) * MS, question, {"dim": 1536})
        embedding.model, embedding.provider, embedding.usage = "text-embedding-3-small", "openai", {"input": len(question) // 4}
        found = [
            {"id": f"doc-{rng.randrange(90_000)}", "score": round(rng.random(), 4), "content": self._words(600, 0.7)}
            for _ in range(rng.choice((3, 4, 5)))
        ]
        return self._span(parent, "RETRIEVER", "vector-search", rng.randrange(30, 90) * MS, {"query": question, "k": len(found)}, found)

    def _words(self, median: int, sigma: float = 0.9) -> str:
        """A slice of the pool, of log-normal length; 4 in 1 000 have 20 to 100 thousand characters."""
        rng = self._rng
        length = min(100_000, max(16, int(median * math.exp(rng.gauss(0.0, sigma)))))
        if rng.random() < 0.004:
            length = int(20_000 + 80_000 * rng.random() ** 2)
        at = int(rng.random() * (len(self._text) - length))
        return self._text[at : at + length]
