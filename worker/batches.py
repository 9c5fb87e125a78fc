"""One batch of frames becomes rows: decode, locate, merge, enrich, version, write, log. Killed anywhere, it can run again.

Invariant 2 lives here: a row's version is made from what is stored and from the request's arrival, never from a clock
of now, and a merge that changes nothing writes nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import now_us
from langfuse_app.features.experiments import service as experiments
from langfuse_app.features.ingest import repository as relational
from langfuse_app.features.ingest import repository_clickhouse as columnar
from langfuse_app.features.models import service as models
from langfuse_app.features.prompts import service as prompts
from langfuse_app.features.score_configs import service as score_configs
from langfuse_app.features.scores.models import ScoreConfig
from langfuse_app.ingestion.changes import Change, Rejected
from langfuse_app.ingestion.merge import merge_observation, merge_score, merge_trace
from langfuse_app.ingestion.prices import ModelDefinition
from langfuse_app.ingestion.pricing import enrich_all, uncounted
from langfuse_app.ingestion.rows import LedgerRow, ObservationRow, ScoreRow, TraceRow
from langfuse_app.ingestion.scores import settle, wanted_config
from langfuse_app.runtime.token_counter import TokenCounter
from worker.frames import Part
from worker.memory import AnyRow, Place, RowCache, SeenEvents

log = logging.getLogger(__name__)

Key = tuple[str, str]  # project id, entity id
Row = TypeVar("Row", ObservationRow, TraceRow, ScoreRow)
MINUTE, DAY = 60_000_000, 86_400_000_000
EDGE_MINUTES = 30  # of a trace's time, from either end, in which a span that comes again is sought under another start
TOKENS = TokenCounter(timeout_s=8.0)  # shorter than a lease, so that a slow count does not cost the shards


class _StillLoadingError(Exception):
    """Tokens can be counted in a moment."""


class UncountedError(Exception):
    """Parts that have to wait until tokens can be counted; nothing was changed, and the others can be prepared without them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__(f"{len(parts)} parts wait for the tokenizer")
        self.parts = parts


class Batch:
    """The work of one tick over many shards and projects: `prepare` decides all rows, `write` stores them.

    The next batch may be prepared while this one is written, because rows are remembered and locators saved before.
    """

    def __init__(self, parts: Sequence[Part], cache: RowCache, seen: SeenEvents) -> None:
        self._parts, self._cache, self._seen = parts, cache, seen
        self.places: dict[Place, tuple[AnyRow, int]] = {}  # the living rows, with their shards
        self._shards: dict[Key, int] = {}  # (project, trace or entity) → shard
        self._observations: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
        self._traces: dict[Key, list[Change]] = {}
        self._scores: dict[Key, list[Change]] = defaultdict(list)
        self._configs: dict[Key, ScoreConfig | None] = {}  # (project, config), each asked for once
        self._outcomes: dict[int, dict[int, tuple[str, str]]] = defaultdict(dict)  # part → event index → outcome, reason

    @property
    def parts(self) -> Sequence[Part]:
        """What it was made of."""
        return self._parts

    def prepare(self) -> None:
        """Make the rows, as if all batches before were stored; whoever calls this forgets its memory if one of them was not.

        Raises UncountedError before anything is saved or remembered.
        """
        self._drop_deleted()
        self._group()
        self._windows = relational.locate(list(self._traces))
        self._rows, self._gone = self._merge_observations()
        self._trace_rows = self._merge_traces()
        self._score_rows = self._merge_scores()
        stated = {(row.project_id, row.trace_id) for row in self._rows if row.merge_clock}
        relational.save_locators(self._widened(self._rows, self._trace_rows, stated), stated)
        self._ledger_rows = self._ledger()
        self._remember()

    def write(self) -> None:
        """Store the rows, the ledger last."""
        columnar.insert_rows(self._rows + self._gone)
        columnar.insert_rows(self._trace_rows)
        columnar.insert_rows(self._score_rows)
        self._save_sessions(self._trace_rows)
        experiments.note_spans(self._rows)
        columnar.insert_rows(self._ledger_rows)

    # --- what arrived -------------------------------------------------------------------------

    def _drop_deleted(self) -> None:
        """Events accepted before their object was deleted are dropped, also on a replay (ARCHITECTURE.md, "Deletion")."""
        projects = sorted({part.entry.project_id for part in self._parts})
        living = relational.living_projects(projects)
        keys = {key for part in self._parts for key in _deletable(part)}
        self._deleted = relational.deletions(sorted(keys))
        if self._deleted or len(living) < len(projects):
            for number, part in enumerate(self._parts):
                self._drop(number, part, living)

    def _drop(self, number: int, part: Part, living: set[str]) -> None:
        project = part.header.project_id
        for change in part.results:
            if isinstance(change, Rejected):
                continue
            if project not in living:
                self._outcomes[number][change.index] = ("deleted", "the project was deleted")
            elif any(self._deleted.get(key, 0) >= part.header.received_at for key in _objects(project, change)):
                self._outcomes[number][change.index] = ("deleted", f"the {change.kind} was deleted")

    def _group(self) -> None:
        """Changes by entity; an observation also names its trace."""
        observations, traces, shards = self._observations, self._traces, self._shards
        for number, part in enumerate(self._parts):
            project, shard, outcomes = part.header.project_id, part.entry.shard, self._outcomes[number]
            for change in part.results:
                if isinstance(change, Rejected) or change.index in outcomes:
                    continue
                if change.kind == "score":
                    self._add_score(change, shard, outcomes)
                    continue
                trace = (project, change.trace_id)
                if trace not in traces:
                    traces[trace], shards[trace] = [], shard
                if change.kind == "trace":
                    traces[trace].append(change)
                else:
                    observations[(project, change.trace_id, change.id)].append(change)

    def _add_score(self, change: Change, shard: int, outcomes: dict[int, tuple[str, str]]) -> None:
        reason = self._settle(change)
        if reason:
            outcomes[change.index] = ("rejected", reason)
            return
        key = (change.request.project_id, change.id)
        self._scores[key].append(change)
        self._shards[key] = shard

    def _settle(self, change: Change) -> str:
        """Check a score against its config where it names one; the reason when it must be dropped."""
        if "unsettled" not in change.fields:
            return ""
        key = (change.request.project_id, wanted_config(change))
        if key not in self._configs:
            self._configs[key] = score_configs.find_config(worker_scope(key[0]), key[1])
        return settle(change, self._configs[key])

    # --- merging ------------------------------------------------------------------------------

    def _merge_observations(self) -> tuple[list[ObservationRow], list[ObservationRow]]:
        stored = self._stored_observations()
        rows: list[ObservationRow] = []
        tombstones: list[ObservationRow] = []
        for key, changes in self._observations.items():
            old = stored.get(key)
            row = merge_observation(_live(old), changes)
            if row is None:
                continue
            if old is None:
                row.event_ts = row.received_at
            else:
                tombstones += _replace(old, row, moved=old.start_time // MINUTE != row.start_time // MINUTE)
            rows.append(row)
        _link_prompts(rows)
        try:
            enrich_all(rows, models.matcher_for, _count)
        except _StillLoadingError as error:
            raise UncountedError(self._parts_of(uncounted(rows, models.matcher_for))) from error
        return rows, tombstones

    def _parts_of(self, rows: list[ObservationRow]) -> list[Part]:
        wanted = {(row.project_id, row.trace_id, row.id) for row in rows}
        return [part for part in self._parts if any(_observation_key(result) in wanted for result in part.results)]

    def _stored_observations(self) -> dict[tuple[str, str, str], ObservationRow]:
        """Rows to merge with, in traces that are known. A span replaces: it is only looked up where events stated something,
        or where it may stand under another start."""
        found: dict[tuple[str, str, str], ObservationRow] = {}
        missing: dict[str, list[tuple[str, str]]] = defaultdict(list)
        spans: dict[str, dict[tuple[str, str], set[int]]] = defaultdict(dict)
        for key, changes in self._observations.items():
            project, trace_id, id = key
            row = self._remembered("observation", project, trace_id, id)
            if isinstance(row, ObservationRow):
                found[key] = row
                continue
            window = self._windows.get((project, trace_id))
            if window and (window.stated or not all(change.whole for change in changes)):
                missing[project].append((trace_id, id))
            elif window and (minutes := _other_minutes(window, changes)):
                spans[project][(trace_id, id)] = minutes
        for project, sought in spans.items():
            stored = columnar.stored_minutes(worker_scope(project), list(sought), set().union(*sought.values()))
            if moved := [key for key, minutes in sought.items() if minutes & stored.get(key, set())]:
                missing[project] += moved
        for project, pairs in missing.items():
            first, last = self._span(project, {trace_id for trace_id, _ in pairs})
            scope = worker_scope(project)
            rows = columnar.stored_observations(scope, pairs, first, last)
            found.update({(row.project_id, row.trace_id, row.id): row for row in rows})
        return found

    def _remembered(self, kind: str, project: str, trace_id: str, id: str) -> Any:
        """The row as this drain wrote it, unless its object was deleted since."""
        row = self._cache.get(kind, project, trace_id, id)
        if row is None:
            return None
        keys = [(project, "trace", row.id if isinstance(row, TraceRow) else row.trace_id), (project, kind, id)]
        return None if any(self._deleted.get(key, 0) >= row.received_at for key in keys) else row

    def _span(self, project: str, trace_ids: Iterable[str]) -> tuple[int, int]:
        windows = [self._windows[(project, trace_id)] for trace_id in trace_ids]
        return min(w.first_start for w in windows), max(w.last_start for w in windows)

    def _merge_traces(self) -> list[TraceRow]:
        stored = self._stored_traces()
        rows: list[TraceRow] = []
        for key, changes in self._traces.items():
            old = stored.get(key)
            row = merge_trace(_live(old), changes) if changes else None
            if row is None:
                continue
            window = self._windows.get(key)
            row.bookmarked = bool(window and window.bookmarked)
            rows += [*_replace(old, row, moved=_other_day(old, row)), row]
        return rows

    def _stored_traces(self) -> dict[Key, TraceRow]:
        found: dict[Key, TraceRow] = {}
        missing: dict[str, list[str]] = defaultdict(list)
        for project, id in self._traces:
            row = self._remembered("trace", project, id, id)
            if isinstance(row, TraceRow):
                found[(project, id)] = row
            elif (project, id) in self._windows:
                missing[project].append(id)
        for project, ids in missing.items():
            stamps = [self._windows[(project, id)].timestamp for id in ids]
            rows = columnar.stored_traces(worker_scope(project), ids, min(stamps) - DAY, max(stamps) + DAY)
            found.update({(row.project_id, row.id): row for row in rows})
        return found

    def _merge_scores(self) -> list[ScoreRow]:
        stored = self._stored_scores()
        rows: list[ScoreRow] = []
        for key, changes in self._scores.items():
            old = stored.get(key)
            row = merge_score(_live(old), changes)
            if row is None:
                continue
            rows += [*_replace(old, row, moved=_other_day(old, row)), row]
        return rows

    def _stored_scores(self) -> dict[Key, ScoreRow]:
        found: dict[Key, ScoreRow] = {}
        missing: dict[str, list[str]] = defaultdict(list)
        for project, id in self._scores:
            row = self._remembered("score", project, "", id)
            if isinstance(row, ScoreRow):
                found[(project, id)] = row
            else:
                missing[project].append(id)
        for project, ids in missing.items():
            rows = columnar.stored_scores(worker_scope(project), ids)
            found.update({(row.project_id, row.id): row for row in rows})
        return found

    # --- after the merge ----------------------------------------------------------------------

    def _widened(self, observations: list[ObservationRow], traces: list[TraceRow], stated: set[Key]) -> dict[Key, tuple[int, int, int]]:
        """Locators that are new, wider, or whose trace moved or got its first stated observation."""
        stamps = {(row.project_id, row.id): row.timestamp for row in traces if not row.is_deleted}
        starts: dict[Key, list[int]] = defaultdict(list)
        for row in observations:
            starts[(row.project_id, row.trace_id)].append(row.start_time)
        wanted: dict[Key, tuple[int, int, int]] = {}
        for key in starts.keys() | stamps.keys():
            window = self._windows.get(key)
            stamp = stamps.get(key) or (window.timestamp if window else min(starts[key]))
            times = starts[key] or [stamp]
            first, last = min(times), max(times)
            wider = window is None or first < window.first_start or last > window.last_start
            if window is None or wider or stamp != window.timestamp or (key in stated and not window.stated):
                wanted[key] = (first, last, stamp)
        return wanted

    def _save_sessions(self, traces: list[TraceRow]) -> None:
        sessions: dict[Key, tuple[int, str]] = {}
        for row in traces:
            if row.session_id and not row.is_deleted:
                sessions.setdefault((row.project_id, row.session_id), (row.timestamp, row.environment))
        relational.save_sessions(sessions)
        if traces or self._observations:
            relational.mark_projects_used(sorted({project for project, _ in self._traces}))

    def _ledger(self) -> list[LedgerRow]:
        now = now_us()
        return [self._ledger_row(number, part, now) for number, part in enumerate(self._parts)]

    def _ledger_row(self, number: int, part: Part, now: int) -> LedgerRow:
        header = part.header
        row = LedgerRow(
            project_id=header.project_id,
            request_id=header.request_id,
            shard=part.entry.shard,
            received_at=header.received_at,
            processed_at=now,
            first_wins=2**63 - now,
            public_key=header.public_key,
            sdk_name=header.sdk_name,
            sdk_version=header.sdk_version,
            payload=str(part.entry.ref),
        )
        events: dict[int, Change | Rejected] = {}  # an event may state several entities; the first names the event
        for result in part.results:
            events.setdefault(result.index, result)
        outcomes = self._outcomes[number]
        told = [outcomes.get(index) or self._stored_or_duplicate(result) for index, result in events.items()]
        row.event_ids = [result.event_id for result in events.values()]
        row.entity_kinds = [result.kind for result in events.values()]
        row.entity_ids = [result.id if isinstance(result, Change) else result.entity_id for result in events.values()]
        row.outcomes, row.reasons = [outcome for outcome, _ in told], [reason for _, reason in told]
        return row

    def _stored_or_duplicate(self, result: Change | Rejected) -> tuple[str, str]:
        if not isinstance(result, Change):
            return "rejected", result.reason
        earlier = self._seen.earlier(result)
        return ("duplicate", f"came before with request {earlier}") if earlier else ("stored", "; ".join(result.notes))

    def _remember(self) -> None:
        self.places = self._living()
        for place, (row, shard) in self.places.items():
            if place[0] != "observation" or row.merge_clock:  # whole spans are hardly ever merged with
                self._cache.put(place, row, shard)

    def _living(self) -> dict[Place, tuple[AnyRow, int]]:
        shards = self._shards
        found: dict[Place, tuple[AnyRow, int]] = {}
        for row in self._rows:
            found["observation", row.project_id, row.trace_id, row.id] = row, shards[(row.project_id, row.trace_id)]
        for row in self._trace_rows:
            if not row.is_deleted:
                found["trace", row.project_id, row.id, row.id] = row, shards[(row.project_id, row.id)]
        for row in self._score_rows:
            if not row.is_deleted:
                found["score", row.project_id, "", row.id] = row, shards[(row.project_id, row.id)]
        return found


def _other_minutes(window: relational.Window, changes: Sequence[Change]) -> set[int]:
    """Where spans of these changes may stand already, beside the minute in which they are replaced without a look-up.

    Mostly nowhere: a trace arrives at once, or lasts no longer than its minute. Of a trace that is open for hours only
    both ends are searched, or each of its spans would cost more than the one before.
    """
    first, last = window.first_start // MINUTE, window.last_start // MINUTE
    minutes = {*range(first, min(last, first + EDGE_MINUTES) + 1), *range(max(first, last - EDGE_MINUTES), last + 1)}
    starts = {change.fields["start_time"] // MINUTE for change in changes}
    return minutes - starts if len(starts) == 1 else minutes


def _count(texts: Sequence[tuple[ModelDefinition, str, str]]) -> list[dict[str, int]]:
    if not TOKENS.ready(texts):
        raise _StillLoadingError
    return TOKENS.count(texts)


def _observation_key(result: Change | Rejected) -> tuple[str, str, str] | None:
    if isinstance(result, Change) and result.kind == "observation":
        return result.request.project_id, result.trace_id, result.id
    return None


def _link_prompts(rows: Iterable[ObservationRow]) -> None:
    """The id of the prompt that a generation names; name and version stay when there is none (spec/backend.md §3)."""
    for row in rows:
        if row.prompt_name and row.prompt_version is not None:
            row.prompt_id = prompts.id_of(worker_scope(row.project_id), row.prompt_name, row.prompt_version)


def worker_scope(project_id: str) -> ProjectScope:
    """The scope of a frame, which was written under an authenticated one."""
    return ProjectScope(project_id=project_id, org_id="", actor_id="worker", actor_kind="worker")


def _deletable(part: Part) -> Iterator[tuple[str, str, str]]:
    """(project, kind, id) of every object of a part that a person may have deleted."""
    project = part.header.project_id
    changes = [change for change in part.results if isinstance(change, Change)]
    yield from ((project, "trace", id) for id in {change.trace_id for change in changes} - {""})
    yield from ((project, "score", change.id) for change in changes if change.kind == "score")


def _objects(project: str, change: Change) -> list[tuple[str, str, str]]:
    trace = [(project, "trace", change.trace_id)] if change.trace_id else []
    return [*trace, (project, "score", change.id)] if change.kind == "score" else trace


def _live(row: Any) -> Any:
    return None if row is None or row.is_deleted else row


def _other_day(old: TraceRow | ScoreRow | None, row: TraceRow | ScoreRow) -> bool:
    """Whether the row's sorting key changed with its day."""
    return old is not None and old.timestamp // DAY != row.timestamp // DAY


def _replace(old: Row | None, row: Row, *, moved: bool) -> list[Row]:
    """Give the row its version; the tombstone of its old place when it moved."""
    row.event_ts = _version(old, row, moved=moved)
    return [_tombstone(old, row)] if old and moved else []


def _version(old: Any, row: Any, *, moved: bool) -> int:
    """Above what is stored (by two where a tombstone stands between), never below the arrival (ARCHITECTURE.md, "Versions")."""
    return max((old.event_ts + 1 + moved) if old else 0, row.received_at)


def _tombstone(old: Any, row: Any) -> Any:
    """Deletes the row under its old key; its version lies between the old row's and the new one's."""
    payloads = {"input": "", "output": ""} if hasattr(old, "input") else {}
    return msgspec.structs.replace(old, event_ts=old.event_ts + 1, is_deleted=1, merge_clock="", updated_at=row.updated_at, **payloads)
