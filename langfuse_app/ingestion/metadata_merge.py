"""Metadata merged leaf by leaf, each leaf with the clock that stated it (spec/api.md §7; ARCHITECTURE.md, "Merging").

The result is what a deep merge of all statements in the order of their clocks gives, whatever the order of arrival. A
text over an object erases the object, and the other way round; an erasure leaves a `floor`, so that a statement which
is older than the erasure and arrives after it stays erased.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from itertools import pairwise

import msgspec

from langfuse_app.ingestion.changes import Clock
from langfuse_app.ingestion.normalise import container_text, leaf_text, leaves_to_map, raw_value, segment, unsegment, value_leaves

BASE = Clock(-9, 0, 0, "")  # of what a whole row (an OTLP span) holds: older than every statement
SCALAR, ARRAY, OBJECT = 0, 1, 2  # also the order in which kinds win when their clocks are equal
_EMPTY = {"{}": OBJECT, "[]": ARRAY}

Leaves = Mapping[str, str]


class Node(msgspec.Struct):
    """What the statements make of one path.

    touch: the latest statement that made it this kind. floor: statements below it before this clock are erased.
    text: of a scalar; at the top level as the column holds it, below as JSON.
    """

    touch: Clock
    kind: int
    text: str = ""
    floor: Clock | None = None
    children: dict[str, "Node"] = msgspec.field(default_factory=dict)


class Clocks(msgspec.Struct, omit_defaults=True):
    """What merge_clock says about metadata; clocks are indexes into its list, -1 is BASE.

    default: of the leaves that `leaves` does not name. touches, floors: of objects and arrays, where a leaf cannot tell.
    texts: top-level segments whose value is text although it looks like an object or array. merged: by more than one.
    """

    default: int = -1
    leaves: dict[str, int] = msgspec.field(default_factory=dict)
    touches: dict[str, int] = msgspec.field(default_factory=dict)
    floors: dict[str, int] = msgspec.field(default_factory=dict)
    texts: list[str] = msgspec.field(default_factory=list)
    merged: bool = False

    def indexes(self) -> set[int]:
        """The clocks it refers to, without BASE."""
        return {self.default, *self.leaves.values(), *self.touches.values(), *self.floors.values()} - {-1}

    def renumbered(self, new: list[int]) -> "Clocks":
        """With `new[i]` for each index i."""
        new = [*new, -1]  # -1 stays -1
        leaves, touches, floors = (
            {path: new[index] for path, index in found.items()} for found in (self.leaves, self.touches, self.floors)
        )
        return Clocks(new[self.default], leaves, touches, floors, self.texts, self.merged)


class Metadata:
    """The metadata of one row while changes are merged into it."""

    def __init__(self, stored: dict[str, str], info: Clocks | None, clocks: list[Clock], on_base: bool) -> None:
        self._stored, self._info, self._clocks = stored, info, clocks
        self._plain: list[tuple[Clock, Leaves]] = []  # statements so far, as long as no two share a key: no tree is needed
        self._keys: set[str] = set()  # theirs, as segments
        self._tree: Node | None = None
        self._merged = on_base or bool(info and info.merged)
        self._new = not self._merged and not stored and info is None  # nothing is stored

    def add(self, clock: Clock, leaves: Leaves) -> None:
        """One more statement."""
        if self._new:
            if (clock, leaves) in self._plain:
                return
            keys = {path.partition("/")[0] for path in leaves}
            if self._keys.isdisjoint(keys):
                self._plain.append((clock, leaves))
                self._keys |= keys
                return
        elif self._repeats(clock, leaves):
            return
        self._join(_stated(clock, leaves))

    def rebase(self, metadata: dict[str, str]) -> None:
        """Replace what the whole row held by what its successor holds."""
        self._merged = True
        if self._tree is None and not self._plain and self._info is None:
            self._stored, self._new = metadata, False
        else:
            self._tree = joined(_without_base(self._whole()), _restored(metadata, Clocks(), []))
            self._new = False

    def clocks(self) -> set[Clock]:
        """Those that the result refers to."""
        if self._tree is not None:
            nodes = [node for _, node in _walk(self._tree)]
            return {clock for node in nodes for clock in (node.touch, node.floor) if clock and clock != BASE}
        if self._plain:
            return {clock for clock, _ in self._plain}
        return {self._clocks[index] for index in self._info.indexes()} if self._info else set()

    def result(self, index: Mapping[Clock, int]) -> tuple[dict[str, str], Clocks | None]:
        """The column and its clocks; `index` numbers the clocks of the row."""
        if self._tree is not None:
            return _rendered(self._tree, self._merged), _clocks_of(self._tree, index, self._merged)
        if len(self._plain) == 1:
            clock, leaves = self._plain[0]
            return leaves_to_map(leaves), Clocks(default=index[clock], texts=_texts(leaves))
        if self._plain:
            return _side_by_side(self._plain), _clocks_side_by_side(self._plain, index)
        return self._stored, self._info.renumbered([index.get(clock, -1) for clock in self._clocks]) if self._info else None

    def _repeats(self, clock: Clock, leaves: Leaves) -> bool:
        """The statement that made all of what is stored comes again."""
        info = self._info
        if self._tree is not None or info is None or info.default < 0 or info.leaves or info.merged:
            return False
        return self._clocks[info.default] == clock and self._stored == leaves_to_map(leaves) and info.texts == _texts(leaves)

    def _join(self, node: Node) -> None:
        self._tree = joined(self._whole(), node)
        self._merged, self._new = True, False

    def _whole(self) -> Node:
        if self._tree is not None:
            return self._tree
        if self._plain:
            return reduce(joined, (_stated(clock, leaves) for clock, leaves in self._plain))
        return _restored(self._stored, self._info or Clocks(), self._clocks)


# --- joining ------------------------------------------------------------------------------------


def joined(one: Node, other: Node) -> Node:
    """Both histories of a path as one; commutative, associative and idempotent."""
    winner, loser = (one, other) if _rank(one) >= _rank(other) else (other, one)
    if winner.kind == SCALAR:
        return winner
    if winner.kind != loser.kind:
        return _raised(winner, loser.touch)
    children = dict(winner.children)
    for name, child in loser.children.items():
        children[name] = joined(children[name], child) if name in children else child
    floor = max(filter(None, (winner.floor, loser.floor)), default=None)
    node = Node(winner.touch, winner.kind, "", floor, children)
    return _pruned(node, floor) if floor else node


def _rank(node: Node) -> tuple[Clock, int, str]:
    return node.touch, node.kind, node.text


def _raised(node: Node, floor: Clock) -> Node:
    """With everything before `floor` erased."""
    if floor == BASE or (node.floor and node.floor >= floor):
        return node
    return _pruned(Node(node.touch, node.kind, node.text, floor, node.children), floor)


def _pruned(node: Node, floor: Clock) -> Node:
    """Without what was stated before `floor`, and without floors that `floor` implies."""
    children: dict[str, Node] = {}
    for name, child in node.children.items():
        if child.touch >= floor:
            own = child.floor if child.floor and child.floor > floor else None
            children[name] = _pruned(Node(child.touch, child.kind, child.text, own, child.children), floor)
    return Node(node.touch, node.kind, node.text, node.floor, children)


def _without_base(node: Node) -> Node:
    children = {name: _without_base(child) for name, child in node.children.items() if child.touch > BASE}
    return Node(node.touch, node.kind, node.text, node.floor, children)


# --- statement → tree, row → tree ---------------------------------------------------------------


def _stated(clock: Clock, leaves: Leaves) -> Node:
    return _built(leaves, lambda _: clock)


def _built(leaves: Leaves, clock_of: Callable[[str], Clock]) -> Node:
    root = Node(BASE, OBJECT)
    for path, leaf in leaves.items():
        *above, last = names = path.split("/")
        clock, node = clock_of(path), root
        for name, below in pairwise(names):
            node = node.children.setdefault(name, Node(clock, ARRAY if below.startswith("#") else OBJECT))
            node.touch = max(node.touch, clock)
        kind = _EMPTY.get(leaf, SCALAR)
        node.children[last] = Node(clock, kind, "" if kind else leaf if above else leaf_text(leaf))
    return root


def _restored(stored: Mapping[str, str], info: Clocks, clocks: list[Clock]) -> Node:
    """The tree of a row, from its metadata and what merge_clock says about it."""

    def clock(index: int) -> Clock:
        return clocks[index] if index >= 0 else BASE

    root = Node(BASE, OBJECT)
    for key, text in stored.items():
        name = segment(key)
        leaves = _nested(name, text) if name not in info.texts else {}
        if leaves:
            built = _built(leaves, lambda path: clock(info.leaves.get(path, info.default)))
            root.children[name] = built.children[name]
        else:
            root.children[name] = Node(clock(info.leaves.get(name, info.default)), SCALAR, text)
    for path, index in info.touches.items():
        for node in _way(root, path):  # what is above was touched with it
            node.touch = max(node.touch, clock(index))
    for path, index in info.floors.items():
        [*_, node] = _way(root, path)
        node.floor = clock(index)
    return root


def _nested(name: str, text: str) -> Leaves:
    """The leaves of a stored object or array; {} for anything else."""
    if not text.startswith(("{", "[")):
        return {}
    try:
        value = raw_value(text.encode())
    except msgspec.DecodeError:
        return {}
    leaves = value_leaves(name, value)
    return {} if leaves.get(name, "{}") not in _EMPTY else leaves


def _way(root: Node, path: str) -> Iterator[Node]:
    """The nodes below the root that lead to a path, its own last."""
    node = root
    for name in path.split("/"):
        node = node.children[name]
        yield node


# --- statements that share no key → row: what their joined trees would give ----------------------


def _side_by_side(statements: list[tuple[Clock, Leaves]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for clock, leaves in statements:
        nested: dict[str, str] = {}
        for path, leaf in leaves.items():
            if "/" in path:
                nested[path] = leaf
                found.setdefault(unsegment(path.partition("/")[0]), "")  # keeps the order of keys
            else:
                found[unsegment(path)] = leaf_text(leaf)
        if nested:
            found.update(_rendered(_stated(clock, nested), True))
    return found


def _clocks_side_by_side(statements: list[tuple[Clock, Leaves]], index: Mapping[Clock, int]) -> Clocks:
    counts: Counter[int] = Counter()
    for clock, leaves in statements:
        counts[index[clock]] += len(leaves)
    default = _commonest(counts)
    others = {path: index[clock] for clock, leaves in statements if index[clock] != default for path in leaves}
    texts = sorted(name for _, leaves in statements for name in _texts(leaves))
    return Clocks(default, {path: others[path] for path in sorted(others)}, texts=texts, merged=True)


# --- tree → row ---------------------------------------------------------------------------------


def _rendered(root: Node, merged: bool) -> dict[str, str]:
    return {unsegment(name): _text(node, merged) for name, node in root.children.items()}


def _text(node: Node, merged: bool) -> str:
    """Objects of several statements have sorted keys: their order must not tell the order of arrival."""
    if node.kind == SCALAR:
        return node.text
    if not node.children:
        return "{}" if node.kind == OBJECT else "[]"
    names = sorted(node.children) if merged else node.children
    return container_text({name: _text(node.children[name], merged) for name in names})


def _walk(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    for name, child in node.children.items():
        below = f"{path}/{name}" if path else name
        yield below, child
        yield from _walk(child, below)


def _clocks_of(root: Node, index: Mapping[Clock, int], merged: bool) -> Clocks:
    """What merge_clock has to say about a tree; containers of which every part is BASE say nothing."""
    nodes = sorted(_walk(root), key=_path)
    leaves = {path: index.get(node.touch, -1) for path, node in nodes if not node.children}
    default = _commonest(Counter(leaves.values()))
    return Clocks(
        default=default,
        leaves={path: found for path, found in leaves.items() if found != default},
        touches={path: index[node.touch] for path, node in nodes if _tells_more(node)},
        floors={path: index[node.floor] for path, node in nodes if node.floor},
        texts=sorted(name for name, node in root.children.items() if _looks_nested(node)),
        merged=merged,
    )


def _commonest(counts: Counter[int]) -> int:
    return min(counts.items(), key=lambda item: (-item[1], item[0]), default=(-1, 0))[0]


def _path(item: tuple[str, Node]) -> str:
    return item[0]


def _tells_more(node: Node) -> bool:
    return bool(node.children) and node.touch > max(child.touch for child in node.children.values())


def _looks_nested(node: Node) -> bool:
    return node.kind == SCALAR and node.text.startswith(("{", "["))


def _texts(leaves: Leaves) -> list[str]:
    """Of one statement: top-level segments whose text would be taken for an object or array."""
    return sorted(
        path for path, leaf in leaves.items() if leaf.startswith(('"{', '"[', "{", "[")) and leaf not in _EMPTY and "/" not in path
    )
