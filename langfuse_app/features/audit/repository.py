"""PostgreSQL statements of the audit log."""

from langfuse_app.features.audit.models import AuditLog
from langfuse_app.stores.postgres import session


def add(entry: AuditLog) -> None:
    """Write one entry."""
    with session() as current:
        current.add(entry)
