"""What a look at a trace shows: a window of the tree, and the panel of the selected node. Synchronous, for threads."""

from datetime import timedelta, tzinfo
from typing import NamedTuple

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.observations import service as observations
from langfuse_app.features.observations.schemas import ObservationItem
from langfuse_app.features.traces.opened import KEEP_SECONDS, Opened
from langfuse_app.features.traces.trace_schemas import Panel, Part, Section, observation_panel, parts, sections, trace_panel
from langfuse_app.ui import tree

GROWS = timedelta(minutes=10)  # for so long after its last sign of life a trace is expected to grow


class Window(NamedTuple):
    """Rows in the page, how many are above and below them, and the row of the selected node."""

    rows: list[tree.Row]
    above: int
    below: int
    place: int


def window(now: Opened, closed: frozenset[str], find: str, selected: str, top: int | None) -> Window:
    """The rows around `top`, the row on top of the screen; around the selected one for None."""
    shown = tree.visible(now.tree, closed, find)
    place = tree.place_of(now.tree, shown, selected)
    begin, end = tree.window(len(shown), place if top is None else top)
    return Window(tree.rows(now.tree, shown, begin, end, frozenset() if find else closed), begin, len(shown) - end, place)


def chosen(scope: ProjectScope, now: Opened, selected: str) -> tuple[ObservationItem | None, dict[str, Part]]:
    """The selected observation and its payloads; the first row stands for the trace as well."""
    node = now.tree.nodes[now.tree.place.get(selected, 0)]
    item = None if isinstance(node, tree.Head) else observations.get(scope, node.id, now.trace.id)
    return item, parts(now.trace if node is now.tree.nodes[0] else None, item)


def inside(scope: ProjectScope, now: Opened, selected: str, tab: str, mode: str, zone: tzinfo) -> tuple[Panel, list[Section]]:
    """The panel of the selected node, and the payloads of its open tab."""
    item, known = chosen(scope, now, selected)
    top = now.tree.place.get(selected, 0) == 0
    scores = [score for score in now.scores if (top and not score.observation_id) or (item and score.observation_id == item.id)]
    panel = observation_panel(item, scores, zone) if item else trace_panel(now.trace, scores, zone)
    return panel, sections(known, tab, mode)


def patience(now: Opened) -> float:
    """How old, in seconds, what is on screen may become: little while more may arrive, more where reading is dear."""
    end = now.tree.start + timedelta(seconds=now.tree.seconds)
    growing = utcnow() - max(end, now.trace.updated_at) < GROWS
    return max(2.5, len(now.nodes) / 500) if growing else KEEP_SECONDS
