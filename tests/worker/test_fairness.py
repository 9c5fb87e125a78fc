"""Who is served first: pure functions, for any backlog."""

from collections import Counter
from random import Random

import hypothesis.strategies as st
from hypothesis import given

from langfuse_app.features.ingest.repository_redis import Entry
from langfuse_app.stores.raw_log import Ref
from worker.fairness import FRAME_BYTES, LIVE_SHARE, in_turns, shares

LANES = st.sampled_from(["live", "bulk"])
BACKLOGS = st.dictionaries(st.tuples(LANES, st.integers(0, 31)), st.integers(1, 5_000), min_size=1)


def entry(number: int, lane: str, project: str, length: int = 1_000, shard: int = 0) -> Entry:
    return Entry(f"{1_700_000_000_000 + number}-0".encode(), lane, shard, Ref("segment", number, length), project)


FRAMES = st.lists(st.tuples(LANES, st.sampled_from("abc"), st.integers(0, 100_000), st.integers(1, 3)), max_size=30).map(
    lambda drawn: [
        entry(number, lane, project, length, shard)
        for number, (lane, project, length, shards) in enumerate(drawn)
        for shard in range(shards)
    ]
)


@given(BACKLOGS, st.integers(64, 5_000))
def test_all_that_may_be_read_is_read_and_no_shard_is_left_out(waiting: dict[tuple[str, int], int], entries: int) -> None:
    found = shares(waiting, entries)
    assert found.keys() == waiting.keys()
    assert all(1 <= found[place] <= waiting[place] for place in found)
    total = sum(found.values())
    assert total <= max(entries, len(found))
    lanes = Counter({lane: 0 for lane, _ in waiting})
    for (lane, _), count in found.items():
        lanes[lane] += count
    if "bulk" in lanes:
        waits = sum(count for (lane, _), count in waiting.items() if lane == "bulk")
        assert lanes["bulk"] >= min(waits, entries // (LIVE_SHARE + 1) - 32)
    elif sum(waiting.values()) >= entries:
        assert total >= entries - 31


@given(FRAMES, st.randoms(use_true_random=False))
def test_turns_lose_nothing_and_keep_a_projects_order(entries: list[Entry], random: Random) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    found = in_turns(shuffled)
    assert Counter(found) == Counter(entries)
    for key in {(one.lane, one.project_id) for one in entries}:
        own = [one.stream_id for one in found if (one.lane, one.project_id) == key]
        assert own == sorted(own)


@given(FRAMES, st.integers(0, 100_000))
def test_before_a_tenants_first_request_stands_one_of_each_other_and_bulks_fifth(entries: list[Entry], length: int) -> None:
    mine = entry(10_000, "live", "mine", length)
    found = in_turns([*entries, mine])
    ahead = list({(one.lane, one.ref): one for one in found[: found.index(mine)]}.values())
    live = [one for one in ahead if one.lane == "live"]
    assert max(Counter(one.project_id for one in live).values(), default=0) <= 1
    *bulk, _ = [cost(one) for one in ahead if one.lane == "bulk"] or [0]  # the last one began in time
    assert LIVE_SHARE * sum(bulk) <= sum(map(cost, live))


def cost(one: Entry) -> int:
    return one.ref.length + FRAME_BYTES
