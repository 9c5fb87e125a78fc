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


class Right(StrEnum):
    """What a key may be narrowed to; a key without any of these may do everything in its project or organisation."""

    READ = "read"  # GET and HEAD, everywhere
    INGEST = "ingest"  # send traces, scores and media
    SCORES = "scores"  # write scores, as a browser may


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
    actor_kind: str  # "api_key" | "admin" | "user" | "worker" | "operator"
    access: Access = Access.PROJECT
    role: Role = Role.MEMBER
    public_key: str = ""

    @property
    def user_id(self) -> str | None:
        """The id of the person who acts; None for keys and processes."""
        return self.actor_id if self.actor_kind == "user" else None

    def require(self, least: Role) -> None:
        """ForbiddenError unless the actor's role is `least` or stronger (spec/features.md §15); keys are not role-bound."""
        _require(self.actor_kind, self.role, least, "project")


@dataclass(frozen=True, slots=True)
class OrganizationScope:
    """One actor in one organisation: a key of it, the operator's admin key, or a member."""

    org_id: str
    actor_id: str
    actor_kind: str  # "api_key" | "admin" | "user"
    role: Role = Role.OWNER

    def require(self, least: Role) -> None:
        """ForbiddenError unless the actor's role is `least` or stronger; keys are not role-bound."""
        _require(self.actor_kind, self.role, least, "organisation")


@dataclass(frozen=True, slots=True)
class InstanceScope:
    """Whoever holds ADMIN_API_KEY: may see and change every organisation of this instance."""

    actor_id: str
    actor_kind: str = "admin"


@dataclass(frozen=True, slots=True)
class UserScope:
    """A signed-in person, before a project is chosen."""

    user_id: str
    email: str
    name: str
    session_id: str


def _require(actor_kind: str, role: Role, least: Role, where: str) -> None:
    roles = list(Role)
    if actor_kind == "user" and roles.index(role) > roles.index(least):
        raise ForbiddenError(f"This needs the role {least.value} in the {where}, yours is {role.value}")
