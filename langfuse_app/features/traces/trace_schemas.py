"""What the trace page shows, as text: the facts of the trace, and the panel of one observation."""

from datetime import tzinfo
from typing import Any, NotRequired, TypedDict
from urllib.parse import urlencode

import orjson

from langfuse_app.features.observations.schemas import ObservationItem, ObservationNode
from langfuse_app.features.scores.schemas import ScoreItem
from langfuse_app.features.traces.schemas import TraceItem
from langfuse_app.ui import format as f
from langfuse_app.ui import payload

COST = "Cost"  # the fact that opens into its lines
_SOURCES = {
    "given": "Sent by the application",
    "computed": "Tokens sent by the application, times the price of the model",
    "estimated": "Tokens counted here, times the price of the model",
}


class Fact(TypedDict):
    """A label and its value. href: the traces that share it."""

    label: str
    value: str
    title: str
    href: NotRequired[str]


class Cost(TypedDict):
    """One line of a cost: what was used, the price of a unit, the sum."""

    label: str
    amount: str
    price: str
    cost: str


class Score(TypedDict):
    """One score."""

    name: str
    value: str
    tone: str
    source: str
    comment: str
    time: str
    title: str


class Section(TypedDict):
    """A payload as HTML. `part` is what the copy button asks for."""

    title: str
    part: str
    note: str
    html: str


class _Costs(TypedDict):
    """What an observation used and cost."""

    costs: list[Cost]
    total: str
    costs_title: str
    costs_note: str


Part = tuple[str, str | None]  # title and text of a payload
_NO_COSTS = _Costs(costs=[], total="", costs_title="", costs_note="")


class TraceHead(_Costs):
    """The trace above its tree."""

    id: str
    name: str
    facts: list[Fact]
    environment: str
    tags: list[str]
    errors: str
    warnings: str
    starred: bool
    download: str


class Panel(_Costs):
    """The chosen observation, or the trace itself."""

    id: str
    name: str
    type: str
    facts: list[Fact]
    level: str
    status: str
    scores: list[Score]


def trace_head(trace: TraceItem, nodes: list[ObservationNode], zone: tzinfo, download: str, base: str = "") -> TraceHead:
    """The facts of a trace; those it does not have are absent. base: the address of its project."""
    known = [
        Fact(label="Started", value=f.moment(trace.timestamp, zone), title=f.absolute(trace.timestamp, zone)),
        Fact(label="Latency", value=f.latency(trace.latency), title=""),
        Fact(label=COST, value=f.cost(trace.total_cost), title=""),
        Fact(label="Tokens", value=f.tokens(trace.input_tokens, trace.output_tokens, trace.total_tokens), title="Input → output"),
        Fact(label="Session", value=trace.session_id or "", title="", href=_others(base, "session", trace.session_id)),
        Fact(label="User", value=trace.user_id or "", title="", href=_others(base, "user", trace.user_id)),
        Fact(label="Release", value=trace.release or "", title=""),
        Fact(label="Version", value=trace.version or "", title=""),
    ]
    return TraceHead(
        id=trace.id,
        name=trace.name or trace.id,
        facts=[fact for fact in known if fact["value"] not in ("", f.MISSING)],
        environment=trace.environment,
        tags=trace.tags[:12],
        errors=_counted(trace.error_count, "error"),
        warnings=_counted(trace.warning_count, "warning"),
        starred=trace.bookmarked,
        costs=_by_model(nodes),
        total=f.full_cost(trace.total_cost),
        costs_title="By model",
        costs_note="",
        download=download,
    )


def _others(base: str, filter_name: str, value: str | None) -> str:
    return f"{base}/traces?{urlencode({filter_name: value, 'past': 'all'})}" if value else ""


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' if number != 1 else ''}" if number else ""


def _by_model(nodes: list[ObservationNode]) -> list[Cost]:
    """Where the money of a trace went, by model, the dearest first."""
    found: dict[str, list[float]] = {}
    for node in nodes:
        if node.total_cost is not None:
            sums = found.setdefault(node.model or node.name or node.type, [0, 0, 0])
            sums[0], sums[1], sums[2] = sums[0] + node.total_cost, sums[1] + node.total_tokens, sums[2] + 1
    dearest = sorted(found.items(), key=lambda pair: -pair[1][0])
    return [
        Cost(label=name[:60], amount=f"{int(tokens):,} tokens" if tokens else "", price=f"× {int(calls)}", cost=f.full_cost(round(cost, 9)))
        for name, (cost, tokens, calls) in dearest[:12]
    ]


def trace_panel(trace: TraceItem, scores: list[ScoreItem], zone: tzinfo) -> Panel:
    """The panel of the trace itself, where no observation stands for it."""
    facts = [Fact(label="Latency", value=f.latency(trace.latency), title="")] if trace.latency is not None else []
    name, rows = trace.name or trace.id, score_rows(scores, zone)
    return Panel(id=trace.id, name=name, type="TRACE", facts=facts, level="", status="", scores=rows, **_NO_COSTS)


def observation_panel(item: ObservationItem, scores: list[ScoreItem], zone: tzinfo) -> Panel:
    """Everything about an observation but its payloads."""
    level = item.level.lower() if item.level != "DEFAULT" else ""
    return Panel(
        id=item.id, name=item.name or item.id, type=item.type, facts=_facts(item, zone),
        level=level, status=item.status_message or "", scores=score_rows(scores, zone), **_costs(item),
    )  # fmt: skip


def _facts(item: ObservationItem, zone: tzinfo) -> list[Fact]:
    version = f" v{item.prompt_version}" if item.prompt_version else ""
    known = [
        Fact(label="Latency", value=f.latency(item.latency), title=f"Started {f.absolute(item.start_time, zone)}"),
        Fact(label="First token", value=f.latency(item.time_to_first_token), title=""),
        Fact(label="Model", value=item.model or "", title=item.model or ""),
        Fact(label=COST, value=f.cost(item.total_cost), title=""),
        Fact(label="Tokens", value=f.tokens(item.input_tokens, item.output_tokens, item.total_tokens), title="Input → output"),
        Fact(label="Prompt", value=f"{item.prompt_name}{version}" if item.prompt_name else "", title=""),
        Fact(label="Version", value=item.version or "", title=""),
        *(Fact(label=name, value=value, title="Model parameter") for name, value in _parameters(item)),
    ]
    return [fact for fact in known if fact["value"] not in ("", f.MISSING)]


def _parameters(item: ObservationItem) -> list[tuple[str, str]]:
    value = payload.parsed(item.model_parameters or "")
    if not isinstance(value, dict):
        return []
    return [(str(name)[:40], _short(entry)) for name, entry in list(value.items())[:12] if entry is not None]


def _short(value: Any) -> str:
    return (value if isinstance(value, str) else _text(value))[:60]


def _costs(item: ObservationItem) -> _Costs:
    """What was used, and what it cost; sums are left to the total."""
    keys = [key for key in {**item.usage_details, **item.cost_details} if key != "total"]
    tier = f"{item.usage_pricing_tier_name} tier" if item.usage_pricing_tier_name else ""
    return _Costs(
        costs=[_cost_line(item, key) for key in keys],
        total=f.full_cost(item.total_cost),
        costs_title=" · ".join(word for word in (item.model or "", tier) if word),
        costs_note=_SOURCES.get(item.cost_source or "", ""),
    )


def _cost_line(item: ObservationItem, key: str) -> Cost:
    amount, price, cost = item.usage_details.get(key), item.unit_prices.get(key), item.cost_details.get(key)
    return Cost(
        label=key.replace("_", " ").capitalize(),
        amount="" if amount is None else f"{amount:,}",
        price="" if price is None else f"× ${_price(price * 1_000_000)} / 1M",
        cost="" if cost is None else f.full_cost(cost),
    )


def _price(usd: float) -> str:
    """`3`, `0.30`, `0.0755`: cents where there are some, more digits where there are more."""
    text = f"{usd:,.6f}".rstrip("0").rstrip(".")
    return f"{usd:,.2f}" if "." in text and len(text.split(".")[1]) < 2 else text


def score_rows(scores: list[ScoreItem], zone: tzinfo) -> list[Score]:
    """Scores by time."""
    return [
        Score(
            name=score.name,
            value=_score_value(score)[:200],
            tone={1.0: "ok", 0.0: "err"}.get(score.value, "") if score.data_type == "BOOLEAN" else "",
            source="API" if score.source == "API" else score.source.capitalize(),
            comment=(score.comment or "")[:2000],
            time=f.age(score.timestamp),
            title=f.absolute(score.timestamp, zone),
        )
        for score in scores
    ]


def _score_value(score: ScoreItem) -> str:
    if score.data_type == "NUMERIC":
        return f"{score.value:g}"
    return str(score.string_value or "").lower() if score.data_type == "BOOLEAN" else score.string_value or ""


def parts(trace: TraceItem | None, item: ObservationItem | None) -> dict[str, Part]:
    """Title and text of every payload, by name. With both, those of the trace follow where they say something else."""
    found: dict[str, Part] = {}
    if item is not None:
        found |= {"input": ("Input", item.input), "output": ("Output", item.output), "metadata": ("Metadata", _json(item.metadata))}
    if trace is not None:
        word = "Trace " if item is not None else ""
        for name, text in (("input", trace.input), ("output", trace.output), ("metadata", _json(trace.metadata))):
            if item is None or text != found[name][1]:
                found[f"trace_{name}"] = (f"{word}{name}".capitalize(), text)
    return found


def sections(known: dict[str, Part], tab: str, mode: str) -> list[Section]:
    """The payloads of a tab as HTML; what is empty is left out."""
    wanted = {name: entry for name, entry in known.items() if name.endswith("metadata") == (tab == "metadata")}
    return [] if tab == "scores" else [_section(name, title, text, mode) for name, (title, text) in wanted.items() if text]


def _section(part: str, title: str, text: str, mode: str) -> Section:
    shown = payload.raw(text) if mode == "json" or part.endswith("metadata") else payload.formatted(text)
    return Section(title=title, part=part, note=shown.note, html=shown.html)


def _json(value: dict[str, Any] | None) -> str | None:
    return _text(value) if value else None


def _text(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # deeper than the encoder goes
        return "Nested too deeply to show."
