"""Hostile requests made of recorded ones: pieces of their JSON replaced, bytes flipped, encodings that lie."""

import base64
import copy
import gzip
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

RECORDINGS = Path(__file__).parents[1] / "contract" / "recordings"
JSON, OTLP = "/api/public/ingestion", "/api/public/otel/v1/traces"

FRAGMENTS: tuple[bytes, ...] = (
    b"NaN", b"-Infinity", b"1e999", b"-0", b"9" * 4_000, b"18446744073709551616", b"-1", b"0.1e-400", b"null", b"true", b"[]", b"{}", b'""',
    b'"\\u0000"', b'"\\ud800"', b'"\xff\xfe"', b'"0001-01-01T00:00:00Z"', b'"9999-12-31T23:59:59.999Z"', b'"2026-13-45T99:99:99Z"', b'"-1"',
    b"[" * 300 + b"]" * 300, b'{"a":' * 900 + b"1" + b"}" * 900, b"[" * 9_000 + b"]" * 9_000, b'{"a":1,"a":{"b":2}}', b'"NaN"', b'"\\"\\\\"',
    b'{"__class__":{"__init__":{"__globals__":1}},"__proto__":1}', b'{"a.b":1,"a":{"b":2},"a.b.c":3}', b'"' + b"i" * 800 + b'"',
    b'"' + "ж漢😀".encode() * 20_000 + b'"', b"[[[null]]]", b'{"":{"":[]}}', b'"1e400"', b"1.7976931348623157e308", b'"../../etc/passwd"',
)  # fmt: skip
NAMES = (
    "__class__",
    "gen_ai.usage",
    "langfuse.trace.metadata.a",
    "langfuse.trace.metadata.a.b",
    "a" * 800,
    "",
    "\x00",
    "llm.input_messages.0",
)


class Hostile(NamedTuple):
    """A request, and the trace that a sound part of it states: '' when there is no such part."""

    path: str
    body: bytes
    headers: dict[str, str]
    sibling: str = ""


def _recorded() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {JSON: [], OTLP: []}
    for path in sorted(RECORDINGS.rglob("*.json")):
        recording = json.loads(path.read_text())
        target = recording.get("path")
        body = recording.get("decoded") if recording.get("bodyEncoding") == "base64" else recording.get("body")
        if target in found and isinstance(body, dict) and len(path.read_bytes()) < 60_000:
            found[target].append(body)
    return found


RECORDED = _recorded()
_BOMB = gzip.compress(bytes(200 << 20), 9)


def make(pick: random.Random, value: Any) -> Hostile:
    """One request; `value` is a JSON value that hypothesis thought of."""
    path = pick.choice((JSON, OTLP))
    document = copy.deepcopy(pick.choice(RECORDED[path]))
    sibling = f"{pick.getrandbits(128) or 1:032x}"
    (_add_event if path == JSON else _add_span)(document, sibling)
    places = list(_places(document, sibling))
    fragments: list[bytes] = []
    for holder, key in pick.sample(places, min(len(places), pick.randint(1, 6))):
        fragments.append(pick.choice((*FRAGMENTS, json.dumps(value).encode())))
        holder[pick.choice(NAMES) if isinstance(holder, dict) and pick.random() < 0.15 else key] = f"@@{len(fragments) - 1}@@"
    body = json.dumps(document).encode()
    for number, fragment in enumerate(fragments):
        body = body.replace(b'"@@%d@@"' % number, fragment)
    headers = {"Content-Type": "application/json", "x-langfuse-sdk-name": "fuzz"}
    how = pick.random()
    if how < 0.6:
        return Hostile(path, body, headers, sibling)
    if how < 0.8:
        return Hostile(path, _flipped(pick, body), headers)
    return _encoded(pick, path, body, headers, sibling)


def protobuf(pick: random.Random, sound: bytes) -> Hostile:
    """A protobuf export with bytes flipped, cut or put in."""
    return Hostile(OTLP, _flipped(pick, sound), {"Content-Type": "application/x-protobuf"})


def _add_event(document: dict[str, Any], trace: str) -> None:
    body = {"id": f"{trace}-o", "traceId": trace, "name": "sound"}
    document.setdefault("batch", []).append({"id": f"{trace}-e", "type": "span-create", "timestamp": "2026-05-01T10:00:00Z", "body": body})


def _add_span(document: dict[str, Any], trace: str) -> None:
    times = {"startTimeUnixNano": "1764028800000000000", "endTimeUnixNano": "1764028801000000000"}
    span = {"traceId": trace, "spanId": trace[:16], "name": "sound", "kind": 1, "attributes": [], "status": {}, **times}
    document["resourceSpans"].append({"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "s"}, "spans": [span]}]})


def _places(node: Any, sibling: str) -> Iterator[tuple[Any, Any]]:
    """Where something can be replaced: inside of events and spans, not of the sound one."""
    events = node.get("batch") or [s for r in node.get("resourceSpans", []) for g in r["scopeSpans"] for s in g["spans"]]
    for event in events:
        if sibling not in json.dumps(event):
            yield from _below(event)


def _below(node: Any) -> Iterator[tuple[Any, Any]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(pairs):
        yield node, key
        yield from _below(child)


def _flipped(pick: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(pick.randint(1, 8)):
        at = pick.randrange(len(changed) or 1)
        match pick.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([pick.randrange(256)])
            case 1:
                changed[at : at + pick.randint(0, 40)] = b""
            case 2:
                changed[at:at] = pick.choice(FRAGMENTS)
            case _:
                del changed[at:]
        if not changed:
            return b""
    return bytes(changed)


def _encoded(pick: random.Random, path: str, body: bytes, headers: dict[str, str], sibling: str) -> Hostile:
    encoding = pick.choice(("gzip", "deflate", "zstd", "br", "identity"))
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}.get(encoding, bytes)(body)
    headers = headers | {"Content-Encoding": encoding}
    match pick.randrange(5):
        case 0:
            return Hostile(path, body, headers)  # says packed, is plain
        case 1:
            return Hostile(path, packed[: pick.randrange(len(packed))], headers)
        case 2:
            return Hostile(path, base64.b64decode(base64.b64encode(packed)) + b"rest", headers)
        case 3:
            return Hostile(path, _BOMB, headers | {"Content-Encoding": "gzip"})
        case _:
            return Hostile(path, packed, headers, sibling if encoding != "br" else "")
