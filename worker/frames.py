"""Frames of the raw log as the parts of them that stream entries stand for."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from langfuse_app.core.inflate import inflate
from langfuse_app.core.settings import get_settings
from langfuse_app.features.ingest.repository_redis import Entry
from langfuse_app.ingestion.changes import Change, Rejected, Request
from langfuse_app.ingestion.json_events import decode_batch
from langfuse_app.ingestion.otlp import decode_export
from langfuse_app.stores.raw_log import Frame, FrameHeader


class Part(NamedTuple):
    """What one stream entry stands for: those events of a frame that belong to the entry's shard."""

    entry: Entry
    header: FrameHeader
    results: list[Change | Rejected]


def decode(entries: Sequence[Entry], frame: Frame) -> list[Part]:
    """The changes of a frame's events by entry, from one walk; ValueError when the body is not what acceptance saw."""
    header = frame.header
    settings = get_settings()
    body = inflate(frame.body, header.encoding, max(settings.LANGFUSE_OTEL_MAX_BODY_BYTES, settings.LANGFUSE_INGESTION_MAX_BODY_BYTES))
    request = Request(
        request_id=header.request_id,
        project_id=header.project_id,
        received_at=header.received_at,
        content=header.content,  # pyright: ignore[reportArgumentType] - written by acceptance from the same three words
        public_key=header.public_key,
        sdk_name=header.sdk_name,
        sdk_version=header.sdk_version,
        ingestion_version=header.ingestion_version,
        scores_only=header.scores_only,
    )
    shards = {index: entry.shard for entry in entries for index in header.routes[entry.shard]}
    wanted = None if {entry.shard for entry in entries} >= header.routes.keys() else set(shards)
    found: dict[int, list[Change | Rejected]] = defaultdict(list)
    for result in (decode_batch if header.content == "json" else decode_export)(body, wanted, request):
        if result.index in shards:  # an event that was answered with an error has no shard
            found[shards[result.index]].append(result)
    return [Part(entry, header, found[entry.shard]) for entry in entries]
