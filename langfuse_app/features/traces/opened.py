"""Traces that people are looking at: read once, kept for a minute in this process, so that a click costs no query of a whole tree."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.observations.schemas import ObservationNode
from langfuse_app.features.scores import service as scores
from langfuse_app.features.scores.schemas import ScoreItem
from langfuse_app.features.traces import service
from langfuse_app.features.traces.schemas import TraceItem
from langfuse_app.ui import tree

KEEP_SECONDS = 60.0
KEEP_TRACES = 24


@dataclass(frozen=True, slots=True)
class Opened:
    """A trace as it was a moment ago: its row, its observations by start, the tree over them, all scores.

    mark: the same for two reads that show the same.
    """

    trace: TraceItem
    nodes: list[ObservationNode]
    tree: tree.Tree
    scores: list[ScoreItem]
    mark: str


_kept: OrderedDict[tuple[str, str], tuple[float, Opened]] = OrderedDict()
_lock = Lock()


def get(scope: ProjectScope, trace_id: str, max_age: float = KEEP_SECONDS) -> Opened:
    """The trace as it was at most `max_age` seconds ago. NotFoundError when the project has none of that id."""
    key = (scope.project_id, trace_id)
    with _lock:
        known = _kept.get(key)
    if known is not None and time.monotonic() - known[0] < max_age:
        return known[1]
    opened = _read(scope, trace_id)
    with _lock:
        _kept[key] = (time.monotonic(), opened)
        _kept.move_to_end(key)
        while len(_kept) > KEEP_TRACES:
            _kept.popitem(last=False)
    return opened


def forget(scope: ProjectScope, trace_id: str) -> None:
    """The next `get` reads."""
    with _lock:
        _kept.pop((scope.project_id, trace_id), None)


def _read(scope: ProjectScope, trace_id: str) -> Opened:
    trace = service.get_trace(scope, trace_id)
    nodes = service.get_tree(scope, trace_id)
    known = scores.list_for_trace(scope, trace_id)
    head = tree.Head(id=f"trace/{trace_id}", name=trace.name, start_time=trace.timestamp)
    ended, used = sum(node.end_time is not None for node in nodes), sum(node.total_tokens for node in nodes)
    mark = f"{trace.updated_at} {trace.bookmarked} {len(nodes)} {ended} {used} {trace.total_cost} {len(known)}"
    return Opened(trace, nodes, tree.grow(nodes, head), known, mark)
