"""Scopes: the proof that someone was authenticated, without which no query can be written (invariant 3).

Only `features/accounts/service.py` and `features/api_keys/service.py` make scopes; a test holds that.
"""

from dataclasses import dataclass
from enum import StrEnum

from langfuse_app.core.errors import ForbiddenError


class Access(StrEnum):
    """What a credential may do: everything in its project, or only write scores (browser keys)."""

    PROJECT = "project"
    SCORES = "scores"


class Role(StrEnum):
    """Roles of members, strongest first."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    MEMBER = "MEMBER"
    VIEWER = "VIEWER"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class ProjectScope:
    """One actor in one project. `actor_id` is an API key's id or a user's id."""

    project_id: str
    org_id: str
    actor_id: str
    actor_kind: str  # "api_key" | "user" | "worker"
    access: Access = Access.PROJECT
    role: Role = Role.MEMBER
    public_key: str = ""

    def require(self, least: Role) -> None:
        """ForbiddenError unless the actor's role is `least` or stronger (spec/features.md §15); keys are not role-bound."""
        roles = list(Role)
        if self.actor_kind == "user" and roles.index(self.role) > roles.index(least):
            raise ForbiddenError(f"This needs the role {least.value} in the project, yours is {self.role.value}")


@dataclass(frozen=True, slots=True)
class UserScope:
    """A signed-in person, before a project is chosen."""

    user_id: str
    email: str
    name: str
    session_id: str
