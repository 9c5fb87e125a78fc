"""PostgreSQL statements of ingestion: locators, sessions, deletions. Each takes whole batches over many projects,
whose ids come from frames that were written under an authenticated scope."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from sqlalchemy import text

from langfuse_app.core.time import to_us
from langfuse_app.stores.postgres import session


class Window(NamedTuple):
    """Where a trace's rows lie, in microseconds, the flags a person set, and whether events stated observations of it."""

    first_start: int
    last_start: int
    timestamp: int
    bookmarked: bool | None
    public: bool | None
    stated: bool


Key = tuple[str, str]


def locate(keys: Sequence[Key]) -> dict[Key, Window]:
    """Windows of the traces (project id, trace id) that are known; one statement per batch."""
    if not keys:
        return {}
    statement = text(
        "SELECT l.project_id, l.id, l.first_start, l.last_start, l.timestamp, l.bookmarked, l.public, l.stated FROM trace_locators l"
        " JOIN unnest(CAST(:projects AS text[]), CAST(:ids AS text[])) AS k(project_id, id) USING (project_id, id)"
    )
    with session() as current:
        rows = current.connection().execute(statement, {"projects": [k[0] for k in keys], "ids": [k[1] for k in keys]})
        return {(r[0], r[1]): Window(to_us(r[2]), to_us(r[3]), to_us(r[4]), r[5], r[6], r[7]) for r in rows}


def save_locators(windows: dict[Key, tuple[int, int, int]], stated: Set[Key] = frozenset()) -> None:
    """Widen (first start, last start) and set the timestamp; keys sorted, so that two workers cannot deadlock."""
    if not windows:
        return
    keys = sorted(windows)
    statement = text(
        "INSERT INTO trace_locators (project_id, id, first_start, last_start, timestamp, stated)"
        f" SELECT p, i, {_moment('f')}, {_moment('l')}, {_moment('t')}, s FROM unnest(CAST(:projects AS text[]), CAST(:ids AS text[]),"
        " CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[]), CAST(:stamps AS bigint[]), CAST(:stated AS boolean[])) AS n(p, i, f, l, t, s)"
        " ON CONFLICT (project_id, id) DO UPDATE SET first_start = LEAST(trace_locators.first_start, EXCLUDED.first_start),"
        " last_start = GREATEST(trace_locators.last_start, EXCLUDED.last_start), timestamp = EXCLUDED.timestamp,"
        " stated = trace_locators.stated OR EXCLUDED.stated"
    )
    values = {
        "projects": [k[0] for k in keys],
        "ids": [k[1] for k in keys],
        "firsts": [windows[k][0] for k in keys],
        "lasts": [windows[k][1] for k in keys],
        "stamps": [windows[k][2] for k in keys],
        "stated": [k in stated for k in keys],
    }
    with session() as current:
        current.connection().execute(statement, values)


def _moment(microseconds: str) -> str:
    """SQL of a time: as a number it is cheaper on its way."""
    return f"to_timestamp(0) + {microseconds} * interval '1 microsecond'"


def save_sessions(sessions: dict[Key, tuple[int, str]]) -> None:
    """Create sessions (first seen, environment) that are not there; existing ones keep what they have."""
    if not sessions:
        return
    keys = sorted(sessions)
    statement = text(
        "INSERT INTO trace_sessions (project_id, id, created_at, updated_at, environment, bookmarked, public)"
        f" SELECT p, i, {_moment('t')}, {_moment('t')}, e, false, false FROM unnest(CAST(:projects AS text[]), CAST(:ids AS text[]),"
        " CAST(:times AS bigint[]), CAST(:envs AS text[])) AS n(p, i, t, e) ON CONFLICT DO NOTHING"
    )
    values = {
        "projects": [k[0] for k in keys],
        "ids": [k[1] for k in keys],
        "times": [sessions[k][0] for k in keys],
        "envs": [sessions[k][1] for k in keys],
    }
    with session() as current:
        current.connection().execute(statement, values)


def deletions(keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], int]:
    """(project, kind, id) → when it was deleted (microseconds), for those that were."""
    if not keys:
        return {}
    statement = text(
        "SELECT d.project_id, d.kind, d.object_id, d.deleted_at FROM deleted_objects d"
        " JOIN unnest(CAST(:projects AS text[]), CAST(:kinds AS text[]), CAST(:ids AS text[]))"
        " AS k(project_id, kind, object_id) USING (project_id, kind, object_id)"
    )
    values = {"projects": [k[0] for k in keys], "kinds": [k[1] for k in keys], "ids": [k[2] for k in keys]}
    with session() as current:
        return {(r[0], r[1], r[2]): to_us(r[3]) for r in current.connection().execute(statement, values)}


def mark_projects_used(project_ids: Sequence[str]) -> None:
    """Set `has_traces`, which turns the set-up screen into the table."""
    with session() as current:
        current.connection().execute(
            text("UPDATE projects SET has_traces = true WHERE id = ANY(:ids) AND NOT has_traces"), {"ids": list(project_ids)}
        )


def living_projects(project_ids: Sequence[str]) -> set[str]:
    """Those of the projects that exist and are not deleted."""
    with session() as current:
        rows = current.connection().execute(
            text("SELECT id FROM projects WHERE id = ANY(:ids) AND deleted_at IS NULL"), {"ids": list(project_ids)}
        )
        return {row[0] for row in rows}
