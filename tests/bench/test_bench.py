"""The bench's workload: seeded, valid for other decoders, and taken by acceptance."""

import json
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench import traces, wire
from bench.run import parse
from bench.workload import Corpus, Request, sample
from langfuse_app.ingestion.changes import Rejected
from langfuse_app.ingestion.changes import Request as Delivered
from langfuse_app.ingestion.json_events import accept_batch
from langfuse_app.ingestion.otlp import accept_export, decode_export


def test_a_trace_depends_on_seed_and_number_alone() -> None:
    assert traces.make_trace(7, 12) == traces.make_trace(7, 12)
    assert traces.make_trace(7, 12) != traces.make_trace(8, 12)


def test_traces_are_as_big_as_they_say() -> None:
    made = [traces.make_trace(7, number) for number in range(1000)]
    spans = [span for trace in made for span in trace.spans]
    payload = sum(len(wire.text(span.input).encode()) + len(wire.text(span.output).encode()) for span in spans)
    assert 6 < len(spans) / len(made) < 9
    assert max(len(trace.spans) for trace in made) <= 61
    assert 3_000 < payload / len(spans) < 3_800
    assert len({span.id for span in spans}) == len(spans)
    assert all(span.start <= span.end for span in spans)


@pytest.mark.parametrize("form", ["otlp", "genai", "openinference"])
def test_another_decoder_reads_the_protobuf(form: str) -> None:
    for group, body in sample(form, 2):
        message = ExportTraceServiceRequest.FromString(body)
        read = [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]
        wanted = [(trace, span) for trace in group for span in sorted(trace.spans, key=lambda s: s.end)]
        assert len(message.SerializeToString()) == len(body)  # nothing in it is unknown
        for found, (trace, span) in zip(read, wanted, strict=True):
            assert (found.trace_id, found.span_id, found.parent_span_id) == (trace.id, span.id, span.parent)
            assert (found.name, found.start_time_unix_nano, found.end_time_unix_nano) == (span.name, span.start, span.end)
            assert found.status.code == (2 if span.level == "ERROR" else 1)


def test_attributes_survive() -> None:
    [(group, body)] = sample("otlp", 1)
    message = ExportTraceServiceRequest.FromString(body)
    first = min(group[0].spans, key=lambda span: span.end)
    said = {pair.key: pair.value for pair in message.resource_spans[0].scope_spans[0].spans[0].attributes}
    assert said["langfuse.observation.input"].string_value == wire.text(first.input)
    assert said["langfuse.observation.metadata.step"].int_value == first.metadata["step"]


@pytest.mark.parametrize("form", ["json", "json-updates"])
def test_a_batch_holds_every_event(form: str) -> None:
    [(group, body)] = sample(form, 1)
    events = json.loads(body)["batch"]
    created = [
        event["body"]["id"]
        for event in events
        if event["type"].endswith("-create") and "traceId" in event["body"] and "startTime" in event["body"]
    ]
    assert created == [span.id.hex() for trace in group for span in trace.spans]
    assert len({event["id"] for event in events}) == len(events)


@pytest.mark.parametrize("form", ["otlp", "genai", "openinference"])
def test_acceptance_takes_exports(form: str) -> None:
    for group, body in sample(form, 2):
        assert accept_export(body, "otlp-protobuf").trace_ids == [trace.id.hex() for trace in group for _ in trace.spans]
        results = decode_export(body, None, Delivered("r", "p", traces.BASE_NS // 1000 + 10**10, "otlp-protobuf"))
        assert not [result for result in results if isinstance(result, Rejected)]


@pytest.mark.parametrize("form", ["json", "json-updates"])
def test_acceptance_takes_batches(form: str) -> None:
    for _, body in sample(form, 2):
        answer = accept_batch(body, "request", "project", scores_only=False)
        assert (answer.errors, answer.dropped) == ([], [])
        assert len(answer.successes) == len(json.loads(body)["batch"])


@pytest.mark.parametrize("form", ["otlp", "json"])
def test_every_round_has_ids_of_its_own(form: str, tmp_path: Path) -> None:
    corpus = Corpus(form, 300, folder=tmp_path)
    rounds = len(corpus.requests) * 2
    sent = [corpus.next() for _ in range(rounds)]
    assert [round_ for _, round_ in sent] == [0] * (rounds // 2) + [1] * (rounds // 2)
    seen = [_traces(form, request, round_) for request, round_ in sent]
    assert not set.union(*seen[: rounds // 2]) & set.union(*seen[rounds // 2 :])
    assert all(request.last_trace(round_)[0] in found for (request, round_), found in zip(sent, seen, strict=True))


def _traces(form: str, request: Request, round_: int) -> set[str]:
    body = bytes(request.body(round_))
    if form == "otlp":
        return set(accept_export(body, "otlp-protobuf").trace_ids)
    return {text for _, text in accept_batch(body, "r", "p", scores_only=False).routes}


def test_a_corpus_is_made_once(tmp_path: Path) -> None:
    first = Corpus("otlp", 200, folder=tmp_path)
    assert [r.template for r in Corpus("otlp", 200, folder=tmp_path).requests] == [r.template for r in first.requests]
    assert 200 <= first.spans < 320


def test_options() -> None:
    plan, out = parse(["--quick", "--spans", "5", "--formats", "json", "--set", "LANGFUSE_SEARCH_INDEX=off", "--out", "x.json"])
    assert (plan.spans, plan.formats, plan.settings, out) == (5, ("json",), (("LANGFUSE_SEARCH_INDEX", "off"),), Path("x.json"))
