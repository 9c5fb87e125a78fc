"""The audit log (spec/backend.md §12)."""

from datetime import datetime

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel

from langfuse_app.core.ids import new_id
from langfuse_app.core.time import utcnow


class AuditLog(SQLModel, table=True):
    """One change: who, what, and the object before and after as JSON text. Names no foreign keys: it outlives its objects."""

    __tablename__ = "audit_logs"  # pyright: ignore[reportAssignmentType] - the idiom of SQLModel
    __table_args__ = (Index("audit_logs_by_project", "project_id", "created_at"), Index("audit_logs_by_org", "org_id", "created_at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    created_at: datetime = Field(default_factory=utcnow, sa_type=DateTime(timezone=True))
    type: str = "USER"  # USER or API_KEY
    api_key_id: str | None = None
    user_id: str | None = None
    org_id: str
    project_id: str | None = None
    role: str | None = None
    resource_type: str
    resource_id: str
    action: str
    before: str | None = None
    after: str | None = None
