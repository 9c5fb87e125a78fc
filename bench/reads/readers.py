"""How each server is asked: a table per server from question to request. A question that is missing is one that it has no query for."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode

from bench.client import Connection
from bench.reads import paths, prompts
from bench.reads.asking import Call, Rows, WrongAnswerError
from bench.reads.known import PAGE, Known, Read, Value


@dataclass(frozen=True, slots=True)
class Asked:
    """The request for a value in the n-th turn; what its rows are, '' where they are not compared; where it is not quite the question."""

    call: Callable[[str, int], Call]
    rows: Literal["spans", "traces", ""] = "traces"
    note: str = ""

    def wanted(self, value: Value) -> int | None:
        """How many rows a right answer has."""
        return {"spans": value.spans, "traces": value.traces, "": None}[self.rows]


class Reader(ABC):
    """One server."""

    form = "openinference"  # the dialect of the traces it gets

    def __init__(self, known: Known) -> None:
        self.known = known

    @abstractmethod
    def questions(self) -> Mapping[Read, Asked]:
        """The table."""

    @abstractmethod
    async def write_prompts(self, connection: Connection) -> None:
        """Make the prompts that are read later. WrongAnswerError."""


async def _post(connection: Connection, path: str, body: Any) -> Any:
    status, answer = await connection.json("POST", path, body)
    if status >= 300:
        raise WrongAnswerError(f"{status} for {path}: {answer}")
    return answer


class OurReader(Reader):
    """This product: Langfuse's public API, and the traces as Langfuse's SDKs send them."""

    form = "otlp"

    def questions(self) -> Mapping[Read, Asked]:
        """All of them."""
        window = self.known.window
        spans = Asked(lambda text, turn: Call(paths.containing(text, window(7, turn)[0])), "spans")
        prompt = Asked(lambda name, _: prompts.asked(name))
        return {
            Read.NEWEST: Asked(lambda _, __: Call(paths.traces())),
            Read.USER: Asked(lambda user, _: Call(paths.traces(userId=user))),
            Read.TAG: Asked(lambda tag, _: Call(paths.traces(tags=tag))),
            Read.NAME: Asked(lambda name, _: Call(paths.traces(name=name))),
            Read.METADATA: Asked(lambda tenant, _: Call(paths.tenant(tenant))),
            Read.TRACE: Asked(lambda trace, _: Call(paths.trace(trace), lambda answer: len(answer["observations"])), "spans"),
            Read.RARE: Asked(lambda text, _: Call(paths.containing(text)), "spans"),
            Read.CHINESE: spans,
            Read.COMMON: spans,
            Read.COUNT: Asked(
                lambda _, turn: Call(paths.counted(window(7, turn)[0]), lambda answer: answer["meta"]["totalItems"]), "spans"
            ),
            Read.LATENCY: Asked(lambda _, turn: Call(paths.metric("latency", "p95", window(30, turn)))),
            Read.COST: Asked(lambda _, turn: Call(paths.metric("totalCost", "sum", window(30, turn), "providedModelName")), ""),
            Read.PROMPT: prompt,
            Read.COMPOSED: prompt,
        }

    async def write_prompts(self, connection: Connection) -> None:
        """All five."""
        await prompts.write(connection)


class PhoenixReader(Reader):
    """GraphQL, as its own UI asks; REST for a trace's spans and for prompts."""

    _SHOWN = (
        "id name spanKind startTime latencyMs statusCode cumulativeTokenCountTotal input{truncatedValue} output{truncatedValue}"
        " trace{traceId numSpans costSummary{total{cost}}}"
    )

    def questions(self) -> Mapping[Read, Asked]:
        """All but composition; costs by day and by model are two aggregates there."""
        text = "'%s' in input.value"
        return {
            Read.NEWEST: self._traces(""),
            Read.USER: self._traces(" and user.id == '%s'"),
            Read.TAG: self._traces(" and '%s' in attributes['tag']['tags']"),
            Read.NAME: self._traces(" and name == '%s'"),
            Read.METADATA: self._traces(" and metadata['tenant'] == '%s'"),
            Read.TRACE: Asked(lambda trace, _: Call(f"/v1/projects/default/spans?trace_id={trace}&limit=1000"), "spans"),
            Read.RARE: Asked(lambda word, _: self._spans(text % word, 0), "spans"),
            Read.CHINESE: Asked(lambda word, turn: self._spans(text % word, 7, turn), "spans"),
            Read.COMMON: Asked(lambda word, turn: self._spans(text % word, 7, turn), "spans"),
            Read.COUNT: self._figure("recordCount(timeRange:$r)", 7, int, "spans"),
            Read.LATENCY: self._figure("spanLatencyMsQuantile(probability:0.95,timeRange:$r)", 30, bool, "traces"),
            Read.COST: self._figures_of_costs(),
            Read.PROMPT: Asked(lambda name, _: Call(f"/v1/prompts/{name}/tags/production", lambda answer: len([answer["data"]["id"]]))),
        }

    def _traces(self, condition: str) -> Asked:
        """Root spans that match."""
        return Asked(lambda value, _: self._spans("parent_id is None" + (condition % value if condition else ""), 0))

    def _spans(self, condition: str, days: int, turn: int = 0) -> Call:
        """The 50 newest spans that match; of so many days, or of all."""
        fields = f"spans(first:{PAGE},timeRange:$r,sort:{{col:startTime,dir:desc}},filterCondition:$c){{edges{{node{{{self._SHOWN}}}}}}}"
        return self._ask(fields, lambda project: len(project["spans"]["edges"]), "$r:TimeRange,$c:String", {"c": condition}, days, turn)

    def _figure(self, field: str, days: int, rows: Rows, kind: Literal["spans", "traces"]) -> Asked:
        name = field.partition("(")[0]
        return Asked(lambda _, turn: self._ask(field, lambda project: rows(project[name]), "$r:TimeRange", {}, days, turn), kind)

    def _figures_of_costs(self) -> Asked:
        fields = (
            "traceTokenCostTimeSeries(timeRange:$r,timeBinConfig:{scale:DAY,utcOffsetMinutes:0}){data{timestamp totalCost}}"
            " topModelsByCost(timeRange:$r){name costSummary{total{cost}}}"
        )

        def models(project: Any) -> int:
            return len(project["topModelsByCost"])

        return Asked(
            lambda _, turn: self._ask(fields, models, "$r:TimeRange!", {}, 30, turn), "", "per day and per model, which are two aggregates"
        )

    def _ask(self, fields: str, rows: Rows, variables: str, values: dict[str, Any], days: int, turn: int) -> Call:
        query = f'query({variables}){{getProjectByName(name:"default"){{{fields}}}}}'
        since, until = self.known.window(days, turn) if days else (None, None)
        given = values | {"r": {"start": since.isoformat(), "end": until.isoformat()} if since and until else None}
        return Call("/graphql", lambda answer: rows(answer["data"]["getProjectByName"]), {"query": query, "variables": given})

    async def write_prompts(self, connection: Connection) -> None:
        """The plain ones, as prompts of one message."""
        for name, text in prompts.texts().items():
            version = {
                "model_provider": "OPENAI",
                "model_name": "gpt-4o",
                "template": {"type": "chat", "messages": [{"role": "user", "content": text}]},
                "template_type": "CHAT",
                "template_format": "MUSTACHE",
                "invocation_parameters": {"type": "openai", "openai": {}},
            }
            made = await _post(connection, "/v1/prompts", {"prompt": {"name": name}, "version": version})
            await _post(connection, f"/v1/prompt_versions/{made['data']['id']}/tags", {"name": "production"})


class MLflowReader(Reader):
    """Its REST API. What OTLP says of a trace is an attribute of its root span there; a pattern matches all that follows the key."""

    _PATTERN = "traces, not spans; outputs after the input match too"

    def questions(self) -> Mapping[Read, Asked]:
        """All but composition."""
        attribute = "span.attributes.%s LIKE '%%%s%%'"
        return {
            Read.NEWEST: Asked(lambda _, __: self._search("")),
            Read.USER: Asked(lambda user, _: self._search(f"metadata.`mlflow.trace.user` = '{user}'")),
            Read.TAG: Asked(lambda tag, _: self._search(attribute % ("tag.tags", f'"{tag}\\"'))),
            Read.NAME: Asked(lambda name, _: self._search(f"span.name = '{name}'"), note="the name of any span"),
            Read.METADATA: Asked(lambda tenant, _: self._search(attribute % ("metadata", tenant))),
            Read.TRACE: Asked(
                lambda trace, _: Call(
                    f"/api/3.0/mlflow/traces/get?trace_id=tr-{trace}&allow_partial=true", lambda answer: len(answer["trace"]["spans"])
                ),
                "spans",
            ),
            Read.RARE: Asked(lambda word, _: self._search(attribute % ("input.value", word)), note=self._PATTERN),
            Read.CHINESE: self._lately(attribute),
            Read.COMMON: self._lately(attribute),
            Read.COUNT: self._metric(7, "span_count", {"aggregation_type": "COUNT"}, "spans"),
            Read.LATENCY: self._metric(30, "latency", {"aggregation_type": "PERCENTILE", "percentile_value": 95}, "traces"),
            Read.COST: self._metric(
                30, "total_cost", {"aggregation_type": "SUM"}, "", dimensions=["span_model_name"], time_interval_seconds=86_400
            ),
            Read.PROMPT: Asked(lambda name, _: self._prompt(name)),
        }

    def _search(self, condition: str) -> Call:
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}
        body = {"locations": [place], "max_results": PAGE, "order_by": ["timestamp DESC"]} | ({"filter": condition} if condition else {})
        return Call("/api/3.0/mlflow/traces/search", lambda answer: len(answer.get("traces", ())), body)

    def _lately(self, attribute: str) -> Asked:
        def call(text: str, turn: int) -> Call:
            since = _ms(self.known.window(7, turn)[0])
            return self._search(f"timestamp_ms > {since} AND {attribute % ('input.value', text)}")

        return Asked(call, note=self._PATTERN)

    def _metric(self, days: int, name: str, aggregation: Any, kind: Literal["spans", "traces", ""], **more: Any) -> Asked:
        """An aggregate of all spans: its value where it counts them, else whether there is one."""

        def call(_: str, turn: int) -> Call:
            since, until = map(_ms, self.known.window(days, turn))
            asked = {"view_type": "SPANS", "metric_name": name, "aggregations": [aggregation], **more}
            body = {"experiment_ids": ["0"], "start_time_ms": since, "end_time_ms": until, **asked}
            return Call("/api/3.0/mlflow/traces/metrics", _value if kind == "spans" else _points, body)

        return Asked(call, kind)

    def _prompt(self, name: str) -> Call:
        asked = urlencode({"name": name, "alias": "production"})
        return Call(f"/api/2.0/mlflow/registered-models/alias?{asked}", lambda answer: int(answer["model_version"]["name"] == name))

    async def write_prompts(self, connection: Connection) -> None:
        """The plain ones: a prompt is a registered model there, its text a tag, its label an alias."""
        mark = {"key": "mlflow.prompt.is_prompt", "value": "true"}
        for name, text in prompts.texts().items():
            await _post(connection, "/api/2.0/mlflow/registered-models/create", {"name": name, "tags": [mark]})
            version = {"name": name, "source": "prompt-template", "tags": [mark, {"key": "mlflow.prompt.text", "value": text}]}
            await _post(connection, "/api/2.0/mlflow/model-versions/create", version)
            await _post(connection, "/api/2.0/mlflow/registered-models/alias", {"name": name, "alias": "production", "version": "1"})


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


def _points(answer: Any) -> int:
    return len(answer["data_points"])


def _value(answer: Any) -> int:
    return int(next(iter(answer["data_points"][0]["values"].values())))


READERS: dict[str, type[Reader]] = {"langfuse_app": OurReader, "phoenix": PhoenixReader, "mlflow": MLflowReader}
