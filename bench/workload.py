"""Corpora: encoded requests in files, made once per seed and size, so that a sender spends no time on encoding.

A corpus can be sent without end: every round has ids of its own (see `Request.body`).
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

import msgspec

from bench.traces import TAG, Trace, traces
from bench.wire import SDK_SCOPE, batch, export, gen_ai_attributes, langfuse_attributes, openinference_attributes

VERSION = 1  # of traces and encodings: another one makes new files
SPANS_PER_REQUEST = 100
ENCODERS: dict[str, Callable[[list[Trace]], bytes]] = {
    "otlp": partial(export, attributes=langfuse_attributes, scope=SDK_SCOPE),
    "genai": partial(export, attributes=gen_ai_attributes, scope=("opentelemetry.instrumentation.openai_v2", "2.2")),
    "openinference": partial(export, attributes=openinference_attributes, scope=("openinference.instrumentation.openai", "0.1.32")),
    "json": batch,
    "json-updates": partial(batch, updates=True),
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where a format goes."""

    path: str
    content_type: str


def route(form: str) -> Route:
    """Path and content type of a format."""
    if form.startswith("json"):
        return Route("/api/public/ingestion", "application/json")
    return Route("/api/public/otel/v1/traces", "application/x-protobuf")


class _Meta(msgspec.Struct, array_like=True):
    traces: list[tuple[str, int]]  # id, spans


_LENGTHS = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Request:
    """An encoded request; `round` 0 is what was encoded, every other round has ids of its own."""

    template: bytes
    traces: list[tuple[str, int]]
    spans: int
    tag: bytes
    places: list[int]  # of the tag within the template

    def body(self, round_: int) -> bytes | bytearray:
        """The bytes to send."""
        if not round_:
            return self.template
        body, tag = bytearray(self.template), _tag(self.tag, round_)
        for place in self.places:
            body[place : place + len(tag)] = tag
        return body

    def last_trace(self, round_: int) -> tuple[str, int]:
        """Id and number of spans of the last trace, under the ids of that round."""
        id, spans = self.traces[-1]
        return (_tag(TAG.hex().encode(), round_).decode() + id[2 * len(TAG) :] if round_ else id), spans


def _tag(form: bytes, round_: int) -> bytes:
    """The tag of a round, in the form (raw or hex) of the tag given."""
    raw = struct.pack(">I", 0x10000000 + round_)
    return raw if form == TAG else raw.hex().encode()


def build(path: Path, form: str, spans: int, seed: int) -> None:
    """Write a corpus file: per request, lengths of meta and body, meta (msgpack), body."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        for group in groups(seed, spans):
            meta = msgspec.msgpack.encode(_Meta([(trace.id.hex(), len(trace.spans)) for trace in group]))
            body = ENCODERS[form](group)
            file.write(_LENGTHS.pack(len(meta), len(body)) + meta + body)
    beside.replace(path)


def groups(seed: int, spans: int) -> Iterator[list[Trace]]:
    """Whole traces, about a hundred spans per request."""
    group: list[Trace] = []
    held = made = 0
    for trace in traces(seed):
        group.append(trace)
        held += len(trace.spans)
        if held >= SPANS_PER_REQUEST or made + held >= spans:
            yield group
            made, held, group = made + held, 0, []
        if made >= spans:
            return


def read(path: Path, form: str) -> Iterator[Request]:
    """The requests of a corpus file."""
    tag = TAG.hex().encode() if form.startswith("json") else TAG
    find = re.compile(re.escape(tag)).finditer
    with path.open("rb") as file:
        while head := file.read(_LENGTHS.size):
            meta_length, body_length = _LENGTHS.unpack(head)
            meta = msgspec.msgpack.decode(file.read(meta_length), type=_Meta)
            body = file.read(body_length)
            yield Request(body, meta.traces, sum(n for _, n in meta.traces), tag, [found.start() for found in find(body)])


def cache_folder() -> Path:
    """Where corpora stay: LANGFUSE_CACHE_DIR, else the user's cache folder."""
    root = os.environ.get("LANGFUSE_CACHE_DIR") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "langfuse-app"
    return Path(root) / "bench"


class Corpus:
    """The requests of one format, numbered on through all rounds so that nothing is ever sent twice."""

    def __init__(self, form: str, spans: int, seed: int = 7, folder: Path | None = None) -> None:
        path = (folder or cache_folder()) / f"{form}-{VERSION}-{seed}-{spans}.frames"
        if not path.exists():
            build(path, form, spans, seed)
        self.form = form
        self.requests = list(read(path, form))
        self.spans = sum(request.spans for request in self.requests)
        self._numbers = count()

    def next(self) -> tuple[Request, int]:
        """The next request and its round."""
        number = next(self._numbers)
        return self.requests[number % len(self.requests)], number // len(self.requests)

    def take(self, spans: int) -> Iterator[tuple[Request, int]]:
        """Requests until they hold that many spans."""
        taken = 0
        while taken < spans:
            request, round_ = self.next()
            taken += request.spans
            yield request, round_

    def describe(self) -> dict[str, Any]:
        """Figures of the workload."""
        size = sum(len(request.template) for request in self.requests)
        number = len(self.requests)
        per_trace = [spans for request in self.requests for _, spans in request.traces]
        return {
            "format": self.form,
            "spans_per_request": round(self.spans / number, 1),
            "spans_per_trace": round(self.spans / len(per_trace), 2),
            "wire_bytes_per_span": round(size / self.spans),
        }


def sample(form: str, number: int, seed: int = 7) -> list[tuple[list[Trace], bytes]]:
    """A few requests with the traces they were made of, for tests."""
    return [(group, ENCODERS[form](group)) for group in islice(groups(seed, number * SPANS_PER_REQUEST), number)]
