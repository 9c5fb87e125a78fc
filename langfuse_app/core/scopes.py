"""Scopes: the proof that someone was authenticated, without which no query can be written (invariant 3).

Only `features/accounts/service.py` and `features/api_keys/service.py` make scopes; a test holds that.
"""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class UserScope:
    """A signed-in person, before a project is chosen."""

    user_id: str
    email: str
    name: str
    session_id: str
