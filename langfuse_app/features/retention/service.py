"""Retention: once a day, what is older than a project's `retention_days` goes (spec/backend.md §10.2). The raw log is
shorter than any retention and expires by itself.
"""

import logging
from datetime import timedelta

from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.deletions.service import free_bytes
from langfuse_app.features.media import service as media
from langfuse_app.features.retention import repository
from langfuse_app.features.retention import repository_clickhouse as columnar

log = logging.getLogger(__name__)


def apply() -> int:
    """Delete what is too old in every project; how many rows ClickHouse had of it."""
    expired = sum(_apply(keeping) for keeping in repository.projects())
    if expired:
        free_bytes(tuple(columnar.TIMES))
    return expired


def _apply(keeping: repository.Keeping) -> int:
    scope = accounts.worker_scope(keeping.project_id, keeping.org_id)
    before = utcnow() - timedelta(days=keeping.days)
    count = columnar.expire(scope, before)
    rows = repository.forget(scope, before)
    files = media.forget_before(scope, before)
    if count or rows or files:
        log.info("project %s: %d analytics rows, %d relational rows and %d files are too old", scope.project_id, count, rows, files)
    return count
