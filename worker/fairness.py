"""Who is served first when more waits than a batch holds: tenants in turns, and the live lane four times as much as bulk."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter

from langfuse_app.features.ingest.repository_redis import Entry
from langfuse_app.stores.raw_log import Ref

LIVE_SHARE = 4  # live : bulk = 4 : 1
FRAME_BYTES = 2_000  # what a frame costs beside its bytes, in bytes

Place = tuple[str, int]  # lane, shard
Frame = list[Entry]  # the entries of one request in one lane


def shares(waiting: Mapping[Place, int], entries: int) -> dict[Place, int]:
    """How many of `entries` to read from each lane and shard; what the live lane does not need, bulk gets."""
    live, bulk = ({place: count for place, count in waiting.items() if place[0] == lane} for lane in ("live", "bulk"))
    found = _spread(live, entries * LIVE_SHARE // (LIVE_SHARE + 1) if bulk else entries)
    return found | _spread(bulk, entries - sum(found.values()))


def _spread(waiting: Mapping[Place, int], entries: int) -> dict[Place, int]:
    """As evenly as their lengths allow, and one at least."""
    found: dict[Place, int] = {}
    left = entries
    for number, place in enumerate(sorted(waiting, key=waiting.__getitem__)):
        found[place] = min(waiting[place], max(1, left // (len(waiting) - number)))
        left -= found[place]
    return found


def in_turns(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order in which to take them, oldest first within a project and lane.

    A tenant's flood waits for itself: what others sent meanwhile starts as early as the flood's own first request.
    """
    frames: dict[tuple[str, Ref], Frame] = {}
    for entry in sorted(entries, key=lambda entry: entry.stream_id):
        frames.setdefault((entry.lane, entry.ref), []).append(entry)
    live = _side_by_side([frame for (lane, _), frame in frames.items() if lane == "live"])
    bulk = _side_by_side([frame for (lane, _), frame in frames.items() if lane == "bulk"])
    turns = [*_starts(live, lambda _: "live"), *_starts(bulk, lambda _: "bulk", LIVE_SHARE)]
    return [entry for _, frame in sorted(turns, key=itemgetter(0)) for entry in frame]


def _side_by_side(frames: Iterable[Frame]) -> list[Frame]:
    """Projects in turns."""
    return [frame for _, frame in sorted(_starts(frames, lambda frame: frame[0].project_id), key=itemgetter(0))]


def _starts(frames: Iterable[Frame], owner: Callable[[Frame], str], weight: int = 1) -> list[tuple[int, Frame]]:
    """When each frame starts if all owners are served side by side: after the bytes of its owner's frames before it."""
    served: Counter[str] = Counter()
    found: list[tuple[int, Frame]] = []
    for frame in frames:
        found.append((served[owner(frame)], frame))
        served[owner(frame)] += weight * (frame[0].ref.length + FRAME_BYTES)
    return found
