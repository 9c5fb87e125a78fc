"""The tree of the trace page (ui/tree.py)."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langfuse_app.ui import tree

START = datetime(2026, 5, 1, 10, tzinfo=UTC)
HEAD = tree.Head(id="trace/t", name="the trace", start_time=START)


@dataclass(frozen=True)
class Span:
    id: str
    parent_observation_id: str | None
    start_time: datetime
    end_time: datetime | None
    type: str = "SPAN"
    name: str | None = None
    time_to_first_token: float | None = None
    level: str = "DEFAULT"
    status_message: str | None = None
    model: str | None = None
    total_cost: float | None = None


def span(id: str, parent: str | None = None, start: float = 0, length: float | None = 1, **changes: object) -> Span:
    begin = START + timedelta(seconds=start)
    end = None if length is None else begin + timedelta(seconds=length)
    return Span(id, parent, begin, end, **changes)  # pyright: ignore[reportArgumentType]


def family() -> list[Span]:
    """root ─ a ─ (b, c), d"""
    return [
        span("root", None, 0, 10),
        span("a", "root", 1, 5),
        span("b", "a", 1, 2, total_cost=0.25),
        span("c", "a", 3, 2, total_cost=0.5, level="ERROR", status_message="boom"),
        span("d", "root", 8, 1, level="WARNING"),
    ]


def names(grown: tree.Tree, shown: list[int]) -> str:
    return " ".join(grown.nodes[index].id for index in shown)


def test_children_stand_below_their_parents() -> None:
    grown = tree.grow(family(), HEAD)
    assert names(grown, tree.visible(grown, frozenset())) == "root a b c d"
    assert (grown.depth, grown.parent, grown.size) == ([0, 1, 2, 2, 1], [-1, 0, 1, 1, 0], [5, 3, 1, 1, 1])
    assert grown.cost == [0.75, 0.75, 0.25, 0.5, None]
    assert grown.seconds == 10


def test_one_root_needs_no_head_and_several_do() -> None:
    assert tree.grow([span("only")], HEAD).nodes[0].id == "only"
    grown = tree.grow([span("one"), span("two", start=4)], HEAD)
    assert names(grown, tree.visible(grown, frozenset())) == "trace/t one two"
    row = tree.rows(grown, [0, 1, 2], 0, 3)[0]
    assert (row["type"], row["name"], row["depth"]) == ("TRACE", "the trace", "1")
    assert float(row["w"][:-1]) == pytest.approx(100 * 5 / (tree.LANES * tree.step(5)), abs=0.01)


def test_a_trace_without_observations_is_one_row() -> None:
    grown = tree.grow([], HEAD)
    assert [row["name"] for row in tree.rows(grown, tree.visible(grown, frozenset()), 0, 1)] == ["the trace"]
    assert tree.shares([], grown) == ([], "")
    assert len(tree.minimap(grown)) == 1


def test_a_parent_that_was_never_sent_leaves_a_root() -> None:
    grown = tree.grow([span("root"), span("orphan", "lost", 1), span("child", "orphan", 2)], HEAD)
    assert names(grown, tree.visible(grown, frozenset())) == "trace/t root orphan child"
    assert grown.depth == [0, 1, 1, 2]


@pytest.mark.parametrize("nodes", [[span("me", "me")], [span("a", "b"), span("b", "a"), span("c", "b")]])
def test_cycles_are_shown_once(nodes: list[Span]) -> None:
    grown = tree.grow(nodes, HEAD)
    assert sorted(node.id for node in grown.nodes) == sorted(node.id for node in nodes)
    assert grown.size[0] == len(nodes)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 14)), max_size=13, unique_by=lambda pair: pair[0]))
def test_any_parents_give_a_whole_tree(pairs: list[tuple[int, int]]) -> None:
    nodes = [span(str(id), str(parent), index) for index, (id, parent) in enumerate(pairs)]
    grown = tree.grow(nodes, HEAD)
    seen = [node.id for node in grown.nodes if node is not HEAD]
    assert sorted(seen) == sorted(node.id for node in nodes)
    assert grown.size[0] == len(grown.nodes)
    assert all(grown.depth[index] == grown.depth[above] + 1 for index, above in enumerate(grown.parent) if above >= 0)
    shown = tree.visible(grown, frozenset())
    assert len(tree.rows(grown, shown, 0, len(shown))) == len(grown.nodes)


def test_closed_nodes_hide_what_is_below() -> None:
    grown = tree.grow(family(), HEAD)
    closed = frozenset({"a"})
    shown = tree.visible(grown, closed)
    assert names(grown, shown) == "root a d"
    closed_row = tree.rows(grown, shown, 0, 3, closed)[1]
    assert (closed_row["twist"], closed_row["mark"], closed_row["level"]) == ("closed", "error", "")
    assert tree.branches(grown) == {"a"}
    assert tree.above(grown, "c") == ["a", "root"]


def test_search_keeps_what_is_above_a_match_and_ignores_closed_rows() -> None:
    nodes = [*family(), span("e", "d", 8, model="gpt-5-mini", type="GENERATION")]
    grown = tree.grow(nodes, HEAD)
    assert names(grown, tree.visible(grown, {"d"}, " GPT-5 ")) == "root d e"
    assert names(grown, tree.visible(grown, set(), "generation")) == "root d e"
    assert tree.visible(grown, set(), "nothing like it") == []


def test_guides_join_rows_to_their_parents() -> None:
    grown = tree.grow(family(), HEAD)
    rows = tree.rows(grown, tree.visible(grown, frozenset()), 0, 5)
    assert [row["guides"] for row in rows] == [[], ["tee"], ["line", "tee"], ["line", "elbow"], ["elbow"]]
    assert [row["twist"] for row in rows] == ["open", "open", "", "", ""]


def test_a_window_has_the_guides_of_the_whole() -> None:
    grown = tree.grow(family(), HEAD)
    shown = tree.visible(grown, frozenset())
    assert tree.rows(grown, shown, 1, 3) == tree.rows(grown, shown, 0, 5)[1:3]


def test_bars_are_percent_of_the_axis() -> None:
    nodes = [span("root", None, 0, 4), span("gen", "root", 1, 2, type="GENERATION", time_to_first_token=0.5, model="m")]
    grown = tree.grow(nodes, HEAD)
    root, generation = tree.rows(grown, [0, 1], 0, 2)
    assert [tick["label"] for tick in tree.ticks(grown)] == ["0s", "900ms", "1.8s", "2.7s", "3.6s"]
    assert (root["x"], root["w"]) == ("0.00%", f"{100 * 4 / 4.5:.2f}%")
    assert (generation["x"], generation["w"], generation["ttft"]) == ("22.22%", "44.44%", "25%")
    assert (generation["label"], generation["side"], generation["sub"]) == ("2.00s", "after", "m")


@pytest.mark.parametrize(("left", "right", "side"), [(0, 50, "after"), (70, 90, "before"), (5, 80, "after"), (0, 97, "")])
def test_labels_stand_where_there_is_room(left: float, right: float, side: str) -> None:
    lane = 100.0
    nodes = [span("root", None, 0, lane * 0.97), span("one", "root", left, right - left)]
    row = tree.rows(tree.grow(nodes, HEAD), [0, 1], 0, 2)[1]
    assert row["side"] == side


def test_events_and_running_spans_have_no_length() -> None:
    nodes = [span("root"), span("event", "root", 0.5, None, type="EVENT"), span("open", "root", 0.5, None)]
    rows = tree.rows(tree.grow(nodes, HEAD), [0, 1, 2], 0, 3)
    assert [(row["w"], row["label"]) for row in rows[1:]] == [("0.00%", "event"), ("0.00%", "no end")]


@pytest.mark.parametrize("seconds", [0.001, 0.0137, 0.5, 1, 8.42, 59, 600, 86_400])
def test_the_axis_holds_the_trace(seconds: float) -> None:
    lane = tree.LANES * tree.step(seconds)
    assert seconds <= lane <= seconds * 1.3


def test_arrow_keys() -> None:
    grown = tree.grow(family(), HEAD)
    none: frozenset[str] = frozenset()
    assert tree.moved(grown, none, "", "a", "down") == ("b", none)
    assert tree.moved(grown, none, "", "root", "up") == ("root", none)
    assert tree.moved(grown, none, "", "d", "down") == ("d", none)
    assert tree.moved(grown, none, "", "a", "left") == ("a", {"a"})
    assert tree.moved(grown, frozenset({"a"}), "", "a", "left") == ("root", {"a"})
    assert tree.moved(grown, frozenset({"a"}), "", "a", "down") == ("d", {"a"})
    assert tree.moved(grown, frozenset({"a"}), "", "a", "right") == ("a", none)
    assert tree.moved(grown, none, "", "a", "right") == ("b", none)
    assert tree.moved(grown, none, "", "b", "right") == ("b", none)
    assert tree.moved(grown, none, "", "c", "left") == ("a", none)
    assert tree.moved(grown, none, "nothing", "c", "down") == ("c", none)


@pytest.mark.parametrize(
    ("total", "first", "window"), [(10, 0, (0, 10)), (1000, 0, (0, 120)), (1000, 500, (460, 580)), (1000, 999, (880, 1000)), (0, 5, (0, 0))]
)
def test_windows(total: int, first: int, window: tuple[int, int]) -> None:
    assert tree.window(total, first) == window


def test_time_by_type_counts_leaves_once() -> None:
    nodes = [
        span("root", None, 0, 10, type="AGENT"),
        span("g1", "root", 0, 4, type="GENERATION"),
        span("g2", "root", 1, 2, type="GENERATION"),
        span("tool", "root", 3, 4, type="TOOL"),
    ]
    found, busy = tree.shares(nodes, tree.grow(nodes, HEAD))
    assert sorted((share["label"], share["time"]) for share in found) == [("Generation", "4.00s"), ("Tool", "4.00s")]
    assert busy == "Busy 7.00s · idle 3.00s"


def test_thirty_thousand_nodes_are_fast_and_the_map_stays_small() -> None:
    nodes = [span("0", None, 0, 30_000), *(span(str(n), str((n - 1) // 3), n) for n in range(1, 30_000))]
    begun = time.perf_counter()
    grown = tree.grow(nodes, HEAD)
    shown = tree.visible(grown, frozenset())
    rows = tree.rows(grown, shown, *tree.window(len(shown), 15_000))
    assert time.perf_counter() - begun < 3  # about 0.2 s on an idle core
    assert (len(shown), len(rows)) == (30_000, tree.WINDOW)
    assert len(tree.minimap(grown)) <= tree.MAX_MINI


def test_a_chain_of_thousands_is_not_recursion_and_not_indented_for_ever() -> None:
    nodes = [span(str(n), str(n - 1) if n else None, n / 1000) for n in range(5_000)]
    grown = tree.grow(nodes, HEAD)
    rows = tree.rows(grown, tree.visible(grown, frozenset()), 4_900, 5_000)
    assert {len(row["guides"]) for row in rows} == {tree.MAX_GUIDES}
    assert rows[-1]["depth"] == "5000"
