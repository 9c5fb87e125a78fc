"""What is asked of a small run, and what every right answer holds: known from the traces before any server has seen them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bench.reads import prompts
from bench.traces import Trace
from bench.wire import text
from bench.workload import groups

PAGE = 50
_KINDS = 12  # values of each question, asked in turn
_WORD = re.compile(r"[a-z]{7,}")
_PAIR = re.compile(r"(?<![a-z])[a-z]{2,} [a-z]{2,}(?![a-z])")


class Read(StrEnum):
    """The questions."""

    NEWEST = "50 newest traces with costs"
    USER = "traces of a user"
    TAG = "traces with a tag"
    NAME = "traces of a name"
    METADATA = "traces by metadata"
    TRACE = "a big trace"
    RARE = "rare word in input"
    CHINESE = "7 days: Chinese"
    COMMON = "7 days: common words"
    COUNT = "count"
    LATENCY = "p95 latency"
    COST = "cost per model per day"
    PROMPT = "prompt by label"
    COMPOSED = "prompt by label, composed"


@dataclass(frozen=True, slots=True)
class Value:
    """What is asked for, and how many spans and traces have it, a page at most where pages are answered."""

    asked: str = ""
    spans: int = 0
    traces: int = 0


class Known:
    """The traces of a seed, whole requests until there are so many spans."""

    def __init__(self, spans: int, seed: int = 7) -> None:
        self._traces = [trace for group in groups(seed, spans) for trace in group]
        self._inputs = [[text(span.input) for span in trace.spans] for trace in self._traces]
        self.spans = sum(len(trace.spans) for trace in self._traces)
        self._begin, self._end = min(trace.start for trace in self._traces), max(trace.end for trace in self._traces)
        self.values: dict[Read, list[Value]] = {
            Read.NEWEST: [Value(traces=min(PAGE, len(self._traces)))],
            Read.USER: self._having(lambda trace: [trace.user]),
            Read.TAG: self._having(lambda trace: trace.tags),
            Read.NAME: self._having(lambda trace: [trace.name]),
            Read.METADATA: self._having(lambda trace: [trace.metadata["tenant"]]),
            Read.TRACE: self._big(),
            Read.RARE: self._rare(),
            Read.CHINESE: [self._containing(part) for part in ("日本語", "日本", "本語")],
            Read.COMMON: self._common(),
            Read.COUNT: [Value(spans=self.spans)],
            Read.LATENCY: [Value(spans=1, traces=1)],
            Read.COST: [Value()],
            Read.PROMPT: [Value(name, 1, 1) for name in prompts.PLAIN],
            Read.COMPOSED: [Value(prompts.COMPOSED, 1, 1)],
        }

    def window(self, days: int, turn: int) -> tuple[datetime, datetime]:
        """So many days until an hour after the last span, and a minute more with each turn."""
        end = datetime.fromtimestamp(self._end // 1_000_000_000, UTC) + timedelta(hours=1)
        return end - timedelta(days=days, minutes=turn), end

    def _having(self, said: Callable[[Trace], Iterable[str]]) -> list[Value]:
        counter = Counter(word for trace in self._traces for word in said(trace))
        return [Value(word, traces=min(PAGE, number)) for word, number in counter.most_common(_KINDS)]

    def _big(self) -> list[Value]:
        biggest = sorted(self._traces, key=lambda trace: -len(trace.spans))[:_KINDS]
        return [Value(trace.id.hex(), len(trace.spans), 1) for trace in biggest]

    def _containing(self, part: str) -> Value:
        found = [sum(part in given for given in inputs) for inputs in self._inputs]
        return Value(part, min(PAGE, sum(found)), min(PAGE, sum(map(bool, found))))

    def _rare(self) -> list[Value]:
        """Words of one input and of no output, whether or not letters' case counts."""
        inputs = [given for trace in self._inputs for given in trace]
        counter = Counter(word for given in inputs for word in set(_WORD.findall(given)))
        once = sorted(word for word, number in counter.items() if number == 1)
        outputs = [text(span.output) for trace in self._traces for span in trace.spans]
        whole = "\0".join(inputs + outputs).lower()
        alone = (word for word in once if whole.count(word) == 1)
        return [Value(word, 1, 1) for word, _ in zip(alone, range(_KINDS), strict=False)]

    def _common(self) -> list[Value]:
        """Pairs of words that many inputs have."""
        counter = Counter(pair for inputs in self._inputs[:200] for given in inputs for pair in _PAIR.findall(given))
        return [self._containing(pair) for pair, _ in counter.most_common(_KINDS)]
