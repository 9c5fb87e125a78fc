"""The one place where tests make objects; everything goes through the services, into the real engines."""

import base64

from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.projects.models import Project
from langfuse_app.stores.postgres import session


def project(name: str = "test project") -> ProjectScope:
    """A new project in a new organisation, and a scope for it."""
    org_id, project_id = new_id(), new_id()
    organizations.ensure(org_id, "test organisation")
    with session() as current:
        current.add(Project(id=project_id, org_id=org_id, name=name))
    return ProjectScope(project_id=project_id, org_id=org_id, actor_id="test-key", actor_kind="api_key")


def basic_auth(scope: ProjectScope) -> dict[str, str]:
    """Headers of a client that has a key of the project."""
    pair = api_keys.create_key(scope)
    token = base64.b64encode(f"{pair.item.public_key}:{pair.secret_key}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def public_key(scope: ProjectScope) -> str:
    """The public half of a key of the project, which is all that a browser has."""
    return api_keys.create_key(scope).item.public_key
