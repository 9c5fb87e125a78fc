"""A trace as rows: the tree with its waterfall, and the map above it. Pure; linear in the nodes, so 30,000 of them are fine."""

from bisect import bisect_left
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Protocol, TypedDict

from langfuse_app.ui import format as f

WINDOW = 120  # rows that are in the page at once
AHEAD = 40  # of them, rows above the first that is on screen
MAX_GUIDES = 24  # deeper rows are not indented further
MAX_MINI = 400
MAX_SHARES = 5
LANES = 5  # columns of the axis; the lane's grid in components.css has as many
_STEPS = (1, 1.2, 1.4, 1.5, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10)
_SHORTEST = 0.001  # seconds that a trace without a length is drawn over
_RANK = {"WARNING": 1, "ERROR": 2}
_MARK = ("", "warning", "error")


class Node(Protocol):
    """What a tree asks of an observation: times aware, seconds, USD."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def parent_observation_id(self) -> str | None: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str | None: ...  # noqa: D102
    @property
    def start_time(self) -> datetime: ...  # noqa: D102
    @property
    def end_time(self) -> datetime | None: ...  # noqa: D102
    @property
    def time_to_first_token(self) -> float | None: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102
    @property
    def status_message(self) -> str | None: ...  # noqa: D102
    @property
    def model(self) -> str | None: ...  # noqa: D102
    @property
    def total_cost(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Head:
    """The trace itself as the first row, where no single observation is above all others."""

    id: str
    name: str | None
    start_time: datetime
    end_time: datetime | None = None
    parent_observation_id: str | None = None
    type: str = "TRACE"
    time_to_first_token: float | None = None
    level: str = "DEFAULT"
    status_message: str | None = None
    model: str | None = None
    total_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """Nodes in the order of an open tree, and lists with one entry for each of them.

    depth: 0 for the top. parent: its place in `nodes`, -1 for the top. size: nodes below and itself.
    cost: USD of the subtree, None where nothing has one. rank: worst level in the subtree, 1 a warning, 2 an error.
    start, seconds: from the first start to the last end. place: id → index.
    """

    nodes: list[Node]
    depth: list[int]
    parent: list[int]
    size: list[int]
    cost: list[float | None]
    rank: list[int]
    place: dict[str, int]
    start: datetime
    seconds: float


class Row(TypedDict):
    """One line of the tree; x, w, ttft in percent of the lane (ttft: of the bar)."""

    id: str
    name: str
    sub: str
    type: str
    level: str
    mark: str
    cost: str
    depth: str
    guides: list[str]
    twist: str
    x: str
    w: str
    ttft: str
    label: str
    side: str


class Tick(TypedDict):
    """A mark of the axis."""

    x: str
    label: str


class Mini(TypedDict):
    """A line of the map above the tree."""

    type: str
    x: str
    w: str
    y: str


class Share(TypedDict):
    """How long observations of a type were at work."""

    type: str
    label: str
    time: str


def grow(nodes: Sequence[Node], head: Head) -> Tree:
    """The tree of a trace. Nodes come by start. A node whose parent was never sent is a root; `head` stands above unless there is one root.

    Of a cycle, the node that started first becomes a root, so that everything is shown once.
    """
    order, depth = _order(nodes)
    if depth.count(0) != 1:
        order, depth = [head, *order], [0, *(level + 1 for level in depth)]
    parent = _parents(depth)
    size, cost, rank = _sums(order, parent)
    timed = nodes or [head]
    start = min(node.start_time for node in timed)
    end = max(node.end_time or node.start_time for node in timed)
    place = {node.id: index for index, node in enumerate(order)}
    return Tree(order, depth, parent, size, cost, rank, place, start, max(_SHORTEST, (end - start).total_seconds()))


def _order(nodes: Sequence[Node]) -> tuple[list[Node], list[int]]:
    known = {node.id for node in nodes}
    children: dict[str | None, list[Node]] = {}
    roots: list[Node] = []
    for node in nodes:
        parent = node.parent_observation_id
        if parent in known and parent != node.id:
            children.setdefault(parent, []).append(node)
        else:
            roots.append(node)
    order: list[Node] = []
    depth: list[int] = []
    seen: set[str] = set()
    for root in chain(roots, nodes):  # what is unseen after the roots hangs on a cycle
        stack = [(root, 0)]
        while stack:
            node, level = stack.pop()
            if node.id not in seen:
                seen.add(node.id)
                order.append(node)
                depth.append(level)
                stack.extend((child, level + 1) for child in reversed(children.get(node.id, ())))
    return order, depth


def _parents(depth: list[int]) -> list[int]:
    """The index of each node's parent: the last node before it that is one level higher."""
    path: list[int] = []
    parents: list[int] = []
    for index, level in enumerate(depth):
        del path[level:]
        parents.append(path[-1] if path else -1)
        path.append(index)
    return parents


def _sums(order: list[Node], parent: list[int]) -> tuple[list[int], list[float | None], list[int]]:
    size = [1] * len(order)
    cost = [node.total_cost for node in order]
    rank = [_RANK.get(node.level, 0) for node in order]
    for index in range(len(order) - 1, 0, -1):
        above, known = parent[index], cost[index]
        size[above] += size[index]
        rank[above] = max(rank[above], rank[index])
        if known is not None:
            cost[above] = (cost[above] or 0) + known
    return size, cost, rank


def branches(tree: Tree) -> frozenset[str]:
    """Ids of all nodes that have something below, except the top."""
    return frozenset(node.id for index, node in enumerate(tree.nodes) if index and tree.size[index] > 1)


def above(tree: Tree, id: str) -> list[str]:
    """Ids of the node's parent, its parent and so on up to the top."""
    index = tree.place.get(id, 0)
    found: list[str] = []
    while (index := tree.parent[index]) >= 0:
        found.append(tree.nodes[index].id)
    return found


def place_of(tree: Tree, shown: list[int], id: str) -> int:
    """The row of a node among those shown, or of the next one where it is hidden; 0 for an unknown id."""
    return min(bisect_left(shown, tree.place.get(id, 0)), len(shown) - 1) if shown else 0


def moved(tree: Tree, closed: frozenset[str], search: str, selected: str, key: str) -> tuple[str, frozenset[str]]:
    """What is selected and what is closed after an arrow key: up, down, left (close, or to the parent), right (open, or go in)."""
    shown = visible(tree, closed, search)
    if not shown:
        return selected, closed
    place = place_of(tree, shown, selected)
    index = shown[place]
    id, is_open = tree.nodes[index].id, tree.size[index] > 1 and tree.nodes[index].id not in closed
    if key == "right" and id in closed:
        return id, closed - {id}
    if key == "left" and is_open and not search:
        return id, closed | {id}
    if key == "left":
        return tree.nodes[max(0, tree.parent[index])].id, closed
    if key == "right" and not is_open:
        return id, closed
    following = place - 1 if key == "up" else place + 1
    return tree.nodes[shown[min(max(0, following), len(shown) - 1)]].id, closed


def visible(tree: Tree, closed: AbstractSet[str], search: str = "") -> list[int]:
    """Indexes of the rows to show: without what is below closed nodes, or the matches of a search with what is above them."""
    if search.strip():
        return _matches(tree, search.strip().lower())
    shown: list[int] = []
    index = 0
    while index < len(tree.nodes):
        shown.append(index)
        index += tree.size[index] if tree.nodes[index].id in closed else 1
    return shown


def _matches(tree: Tree, wanted: str) -> list[int]:
    keep = [wanted in f"{node.name or ''}\n{node.type}\n{node.model or ''}\n{node.id}".lower() for node in tree.nodes]
    for index in range(len(keep) - 1, 0, -1):
        if keep[index]:
            keep[tree.parent[index]] = True
    return [index for index, kept in enumerate(keep) if kept]


def window(total: int, first: int) -> tuple[int, int]:
    """Which of `total` rows are in the page when row `first` is the topmost on screen: from, and up to."""
    begin = max(0, min(first - AHEAD, total - WINDOW))
    return begin, min(total, begin + WINDOW)


def rows(tree: Tree, shown: list[int], begin: int, end: int, closed: AbstractSet[str] = frozenset()) -> list[Row]:
    """The rows `begin` to `end` of those shown, ready for the page."""
    guides = _guides(tree, shown, begin, end)
    lane = LANES * step(tree.seconds)
    return [_row(tree, index, lines, lane, closed) for index, lines in zip(shown[begin:end], guides, strict=True)]


def _guides(tree: Tree, shown: list[int], begin: int, end: int) -> list[list[str]]:
    """The lines that join rows to their parents. From the bottom up, since a line goes on as far as a later sibling."""
    later: list[bool] = []  # by level: a sibling follows
    found: list[list[str]] = []
    for position in range(len(shown) - 1, begin - 1, -1):
        level = tree.depth[shown[position]]
        del later[level + 1 :]
        later += [False] * (level + 1 - len(later))
        if position < end:
            lines = ["line" if goes_on else "" for goes_on in later[1:level]]
            own = ["tee" if later[level] else "elbow"] if level else []
            found.append([*lines, *own][-MAX_GUIDES:])
        later[level] = True
    return found[::-1]


def _row(tree: Tree, index: int, guides: list[str], lane: float, closed: AbstractSet[str]) -> Row:
    node, size = tree.nodes[index], tree.size[index]
    shut = node.id in closed
    own = _RANK.get(node.level, 0)
    bar = _bar(tree, node, lane, _length(node, size))
    return Row(
        id=node.id,
        name=(node.name or node.id)[:120],
        sub=(node.model or (node.status_message if own else None) or "")[:60],
        type=node.type,
        level=_MARK[own],
        mark=_MARK[tree.rank[index] if shut else own],
        cost=f.cost(tree.cost[index]) if tree.cost[index] else "",
        depth=str(tree.depth[index] + 1),
        guides=guides,
        twist="" if size == 1 else "closed" if shut else "open",
        **bar,
    )


class _Bar(TypedDict):
    x: str
    w: str
    ttft: str
    label: str
    side: str


def _bar(tree: Tree, node: Node, lane: float, label: str) -> _Bar:
    x, seconds = _position(tree, node, lane)
    length = 100 * seconds / lane
    first = node.time_to_first_token
    head = f"{min(100.0, 100 * first / seconds):.0f}%" if first and seconds and first > 0 else ""
    return _Bar(x=f"{x:.2f}%", w=f"{length:.2f}%", ttft=head, label=label, side=_side(x, x + length))


def _position(tree: Tree, node: Node, lane: float) -> tuple[float, float]:
    """Where the node begins, in percent of the lane, and how many seconds it takes. The trace itself takes all of them."""
    if isinstance(node, Head):
        return 0.0, tree.seconds
    begin = (node.start_time - tree.start).total_seconds()
    seconds = (node.end_time - node.start_time).total_seconds() if node.end_time else 0.0
    return 100 * begin / lane, max(0.0, seconds)


def _length(node: Node, size: int) -> str:
    if node.end_time is not None:
        return f.latency(max(0.0, (node.end_time - node.start_time).total_seconds()))
    return "event" if node.type == "EVENT" else "" if isinstance(node, Head) or size > 1 else "no end"


def _side(left: float, right: float) -> str:
    """On which side of a bar its label has room."""
    if right <= 76:
        return "after"
    return "before" if left >= 20 else "after" if right <= 88 else ""


def step(seconds: float) -> float:
    """Seconds of one column: the first round number with which the axis holds the trace and some room for a label."""
    least = seconds / 0.97 / LANES
    power = 1.0
    while power * 10 <= least:
        power *= 10
    while power > least:
        power /= 10
    return next(factor * power for factor in _STEPS if factor * power >= least * (1 - 1e-9))


def ticks(tree: Tree) -> list[Tick]:
    """The marks of the axis."""
    column = step(tree.seconds)
    return [Tick(x=f"{100 * number // LANES}%", label=_tick(number * column)) for number in range(LANES)]


def _tick(seconds: float) -> str:
    if seconds == 0:
        return "0s"
    if seconds < 1:
        return f"{round(seconds * 1000, 6):g}ms"
    return f"{round(seconds, 6):g}s" if seconds < 60 else f.latency(seconds)


def minimap(tree: Tree) -> list[Mini]:
    """All of the trace at a glance; of a big one every n-th node."""
    total = len(tree.nodes)
    every = -(-total // MAX_MINI)
    lane = tree.seconds / 0.98
    return [_mini(tree, index, lane) for index in range(0, total, every)]


def _mini(tree: Tree, index: int, lane: float) -> Mini:
    node = tree.nodes[index]
    x, seconds = _position(tree, node, lane)
    return Mini(type=node.type, x=f"{1 + x:.1f}%", w=f"{100 * seconds / lane:.1f}%", y=f"{4 + 27 * index / len(tree.nodes):.1f}px")


def shares(nodes: Sequence[Node], tree: Tree) -> tuple[list[Share], str]:
    """The time in which leaves of each type were at work, the longest five, and the sum over all: `Busy 7.59s · idle 0.83s`.

    Nodes come by start. What ran side by side counts once.
    """
    parents = {node.parent_observation_id for node in nodes}
    leaves = [(node.type, node.start_time, node.end_time) for node in nodes if node.end_time and node.id not in parents]
    types = {kind for kind, _, _ in leaves}
    by_type = {kind: _covered([(start, end) for of, start, end in leaves if of == kind]) for kind in types}
    found = sorted(by_type.items(), key=lambda pair: -pair[1])
    busy = _covered([(start, end) for _, start, end in leaves])
    text = f"Busy {f.latency(busy)} · idle {f.latency(max(0.0, tree.seconds - busy))}" if leaves else ""
    return [Share(type=kind, label=kind.title(), time=f.latency(seconds)) for kind, seconds in found[:MAX_SHARES] if seconds > 0], text


def _covered(spans: list[tuple[datetime, datetime]]) -> float:
    """Seconds that at least one of the spans, sorted by start, covers."""
    seconds = 0.0
    reached: datetime | None = None
    for start, end in spans:
        begin = start if reached is None or start > reached else reached
        if end > begin:
            seconds += (end - begin).total_seconds()
            reached = end
    return seconds
