"""The one place where tests make objects; everything goes through the services, into the real engines."""

import base64
import itertools
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import OrganizationScope, ProjectScope, Right, UserScope
from langfuse_app.core.time import now_us, to_us
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.api_keys.schemas import KeyWish
from langfuse_app.features.audit.models import AuditLog
from langfuse_app.features.ingest import repository as ingest
from langfuse_app.features.ingest.repository_clickhouse import insert_rows
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.projects.models import Project
from langfuse_app.ingestion.rows import ObservationRow, ScoreRow, TraceRow
from langfuse_app.stores.postgres import session

START = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
SECOND = 1_000_000
_versions = itertools.count(now_us())


def project(name: str = "test project") -> ProjectScope:
    """A new project in a new organisation, and a scope for it."""
    org_id, project_id = new_id(), new_id()
    organizations.ensure(org_id, "test organisation")
    with session() as current:
        current.add(Project(id=project_id, org_id=org_id, name=name))
    return ProjectScope(project_id=project_id, org_id=org_id, actor_id="test-key", actor_kind="api_key")


def basic_auth(scope: ProjectScope, *rights: Right) -> dict[str, str]:
    """Headers of a client that has a key of the project, perhaps one that is narrowed to some rights."""
    pair = api_keys.create_key(scope, KeyWish(scopes=rights))
    token = base64.b64encode(f"{pair.item.public_key}:{pair.secret_key}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def public_key(scope: ProjectScope) -> str:
    """The public half of a key of the project, which is all that a browser has."""
    return api_keys.create_key(scope).item.public_key


def user(scope: ProjectScope, password: str = "correct horse battery") -> UserScope:
    """A person who owns the organisation of the project; sign in with the e-mail and `password`."""
    email = f"{new_id()}@example.com"
    user_id = accounts.create_user(email, "Ada", password)
    organizations.ensure_owner(scope.org_id, user_id)
    return UserScope(user_id=user_id, email=email, name="Ada", session_id="")


def at(seconds: float) -> int:
    """Microseconds of the moment so many seconds after START."""
    return to_us(START) + round(seconds * SECOND)


def trace(scope: ProjectScope, id: str = "", at_s: float = 0, **columns: Any) -> str:
    """A stored trace as ingestion would leave it; its id. `columns` are those of TraceRow."""
    row = TraceRow(**_stamps(scope, id, columns), **{"timestamp": at(at_s)} | columns)
    insert_rows([row])
    ingest.save_locators({(scope.project_id, row.id): (row.timestamp, row.timestamp, row.timestamp)})
    if row.session_id:
        ingest.save_sessions({(scope.project_id, row.session_id): (row.timestamp, row.environment)})
    return row.id


def observation(scope: ProjectScope, trace_id: str, id: str = "", at_s: float = 0, **columns: Any) -> str:
    """A stored observation of a trace; its id. `columns` are those of ObservationRow."""
    row = ObservationRow(**_stamps(scope, id, columns), trace_id=trace_id, **{"start_time": at(at_s)} | columns)
    insert_rows([row])
    ingest.save_locators({(scope.project_id, trace_id): (row.start_time, row.start_time, row.start_time)})
    return row.id


def score(scope: ProjectScope, id: str = "", at_s: float = 0, **columns: Any) -> str:
    """A stored score; its id. `columns` are those of ScoreRow."""
    row = ScoreRow(**_stamps(scope, id, columns), **{"timestamp": at(at_s), "name": "quality"} | columns)
    insert_rows([row])
    return row.id


def _stamps(scope: ProjectScope, id: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Identity and server times; each call makes a newer version than the one before."""
    version = columns.pop("event_ts", None) or next(_versions)
    return {"project_id": scope.project_id, "id": id or new_id(), "created_at": version, "updated_at": version, "event_ts": version}


def organization_auth(scope: ProjectScope) -> dict[str, str]:
    """Headers of a client that has a key of the project's organisation."""
    pair = api_keys.create_key(organization(scope))
    return {"Authorization": "Basic " + base64.b64encode(f"{pair.item.public_key}:{pair.secret_key}".encode()).decode()}


def organization(scope: ProjectScope) -> OrganizationScope:
    """The scope of the project's organisation."""
    return OrganizationScope(org_id=scope.org_id, actor_id="test-key", actor_kind="api_key")


def person(name: str = "Grace") -> str:
    """Somebody with an account and nothing else; their id."""
    return accounts.create_user(f"{new_id()}@example.com", name, None)


def audit_log(**columns: str) -> list[AuditLog]:
    """Entries of the audit log with those values, oldest first."""
    with session() as current:
        return list(current.exec(select(AuditLog).filter_by(**columns).order_by(col(AuditLog.created_at))).all())


def organization_key(scope: ProjectScope) -> str:
    """A key of the project's organisation; its id."""
    return api_keys.create_key(organization(scope)).item.id
