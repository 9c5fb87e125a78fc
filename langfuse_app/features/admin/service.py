"""The operator's tools (spec/api.md §12): revoke keys, look after queues, and store again what was accepted."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from langfuse_app.core.errors import InvalidRequestError, NotFoundError
from langfuse_app.core.pagination import Place
from langfuse_app.core.scopes import InstanceScope, ProjectScope
from langfuse_app.features.admin import repository_redis as jobs
from langfuse_app.features.admin.schemas import JobState, ReplayOfPeriod
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.audit import service as audit
from langfuse_app.features.ledger import service as ledger
from langfuse_app.features.ledger.schemas import Replay
from langfuse_app.features.queues import service as queues

_LANES = {"ingestion-live": "live", "ingestion-bulk": "bulk"}
_DEAD_LETTERS = "ingestion-dead-letters"
_REMOVERS = {
    "wait": jobs.remove_waiting,
    "failed": jobs.remove_failed,
    "delayed": jobs.remove_delayed,
    "completed": jobs.remove_completed,
}


# --- keys ------------------------------------------------------------------------------------------------------------


def delete_keys(scope: InstanceScope, project_ids: Sequence[str]) -> None:
    """Revoke every key of the projects, everywhere within a second. NotFoundError when one is unknown; then none is revoked."""
    for project in _projects(scope, project_ids):
        api_keys.revoke_all(project)


def invalidate_keys(scope: InstanceScope, project_ids: Sequence[str]) -> None:
    """Have the keys of the projects looked up again; errors as `delete_keys`."""
    projects = _projects(scope, project_ids)
    api_keys.forget_cached()
    for project in projects:
        audit.record(project, "invalidate", "apiKey", project.project_id)


def _projects(scope: InstanceScope, project_ids: Sequence[str]) -> list[ProjectScope]:
    found = {project_id: _project(scope, project_id) for project_id in project_ids}
    if unknown := [project_id for project_id, project in found.items() if project is None]:
        raise NotFoundError(f"Nothing was changed, for there is no project {', '.join(unknown)}")
    return [project for project in found.values() if project is not None]


def _project(scope: InstanceScope, project_id: str) -> ProjectScope | None:
    try:
        return api_keys.project_in(scope, project_id)
    except NotFoundError:
        return None


# --- queues ----------------------------------------------------------------------------------------------------------


def queue_counts(scope: InstanceScope) -> list[dict[str, Any]]:
    """Queues with their jobs by state: those that workers announced, the lanes of ingestion, and its dead letters."""
    del scope  # whoever has one may see all of them
    state = queues.overview()
    found = [
        _counts(queue["name"], waiting=queue["queued"], active=queue["started"], delayed=queue["scheduled"], failed=queue["failed"])
        for queue in state["queues"]
    ]
    lanes = [_counts(name, waiting=state["ingestion"]["backlog"][lane]) for name, lane in _LANES.items()]
    return [*found, *lanes, _counts(_DEAD_LETTERS, failed=state["ingestion"]["deadLetters"])]


def _counts(name: str, **jobs_by_state: int) -> dict[str, Any]:
    return {"queueName": name, "jobCount": jobs_by_state}


def retry(scope: InstanceScope, names: Sequence[str]) -> int:
    """Queue what failed again; how many jobs and dead letters. InvalidRequestError for an unknown queue."""
    known = _known(names)
    count = sum(jobs.retry_failed(name) for name in known if name not in (*_LANES, _DEAD_LETTERS))
    count += ledger.replay(scope) if _DEAD_LETTERS in known else 0
    audit.record_all(scope, "retry", "queue", known)
    return count


def remove(scope: InstanceScope, names: Sequence[str], state: JobState) -> int:
    """Take away jobs of a state; how many. The ledger keeps saying `rejected` of dead letters.

    InvalidRequestError for an unknown queue, for jobs that run, and for events that were accepted and are not stored yet.
    """
    known = _known(names)
    if state == "active":
        raise InvalidRequestError("bullStatus active: jobs that run cannot be removed, stop their worker")
    if state == "wait" and (accepted := [name for name in known if name in _LANES]):
        raise InvalidRequestError(f"queueNames {', '.join(accepted)}: what waits there was accepted and will be stored")
    count = sum(_removed(scope, name, state) for name in known)
    audit.record_all(scope, "delete", "queue", known)
    return count


def _removed(scope: InstanceScope, name: str, state: JobState) -> int:
    if name == _DEAD_LETTERS:
        return ledger.drop(scope) if state == "failed" else 0
    remover = None if name in _LANES else _REMOVERS.get(state)
    return remover(name) if remover else 0


def _known(names: Sequence[str]) -> list[str]:
    """Each once; InvalidRequestError names those that do not exist."""
    there = [*queues.names(), *_LANES, _DEAD_LETTERS]
    if unknown := [name for name in names if name not in there]:
        raise InvalidRequestError(f"queueNames: there is no {', '.join(unknown)}, only {', '.join(there)}")
    return list(dict.fromkeys(names))


# --- replays ---------------------------------------------------------------------------------------------------------


def replay_keys(scope: InstanceScope, keys: Sequence[str]) -> Replay:
    """Store requests again by their keys (`<project id>/<request id>`); what cannot be is told, and hinders no other."""
    by_project: dict[str, list[str]] = defaultdict(list)
    for key in dict.fromkeys(keys):
        project_id, _, request_id = key.rpartition("/")
        by_project[project_id].append(request_id)
    queued, errors = 0, list[str]()
    for project_id, request_ids in by_project.items():
        project = _project(scope, project_id)
        if project is None:
            errors += [
                f"{project_id}/{request_id}: there is no such project; a key is <project id>/<request id>" for request_id in request_ids
            ]
            continue
        replay = ledger.replay_requests(project, request_ids)
        queued += replay.queued
        errors += replay.errors
    return Replay(queued, errors)


def replay_period(scope: InstanceScope, wish: ReplayOfPeriod, after: Place | None) -> Replay:
    """Store again what a project sent within a time, behind `after`; NotFoundError."""
    project = api_keys.project_in(scope, wish.project_id)
    return ledger.replay_period(project, wish.from_timestamp, wish.to_timestamp, after, wish.limit)


def replay_dead_letters(scope: InstanceScope, ids: Sequence[str]) -> Replay:
    """Queue dead letters again, and forget them as dead."""
    known = ledger.dead_letter_ids(scope, ids)
    queued = ledger.replay(scope, known) if known else 0
    return Replay(queued, [f"{id}: there is no such dead letter" for id in dict.fromkeys(ids) if id not in known])
