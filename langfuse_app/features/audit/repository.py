"""PostgreSQL statements of the audit log."""

from langfuse_app.features.audit.models import AuditLog
from langfuse_app.stores.postgres import session


def add(*entries: AuditLog) -> None:
    """Write entries."""
    with session() as current:
        current.add_all(entries)
