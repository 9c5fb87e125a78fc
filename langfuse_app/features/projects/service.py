"""Projects, and the first start of an installation (spec/backend.md §15.2)."""

import secrets

from langfuse_app.core.errors import ConflictError, NotFoundError
from langfuse_app.core.ids import new_id
from langfuse_app.core.scopes import OrganizationScope, ProjectScope, Role, UserScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import utcnow
from langfuse_app.features.accounts import service as accounts
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.audit import service as audit
from langfuse_app.features.organizations import service as organizations
from langfuse_app.features.projects import repository
from langfuse_app.features.projects.models import Project
from langfuse_app.features.projects.schemas import FirstStart, ProjectItem, ProjectRequest, ProjectSummary
from langfuse_app.stores.queue import enqueue

DELETION_QUEUE, DELETION_TASK = "project-delete", "worker.deletions.delete_project"
_FIRST_ORGANIZATION, _FIRST_PROJECT, _FIRST_EMAIL = "My organization", "My project", "admin@localhost"


def list_for_user(user: UserScope) -> list[ProjectSummary]:
    """The projects that the person can open, by organisation and name."""
    found = organizations.memberships(user.user_id)
    return [ProjectSummary(id=m.project_id, name=m.project_name, org_id=m.org_id, org_name=m.org_name, role=Role(m.role)) for m in found]


def get(scope: ProjectScope) -> ProjectItem:
    """The project of the scope; NotFoundError while it is being deleted."""
    found = repository.project(scope)
    if found is None:
        raise NotFoundError("Project not found")
    return _item(found, organizations.name(found.org_id))


def list_for_organization(scope: OrganizationScope) -> list[ProjectItem]:
    """The projects of the organisation, oldest first."""
    name = organizations.name(scope.org_id)
    return [_item(found, name) for found in repository.of_organization(scope)]


def create(scope: OrganizationScope, new: ProjectRequest) -> ProjectItem:
    """A new project. ForbiddenError for members, ConflictError when the organisation has one of that name."""
    scope.require(Role.ADMIN)
    entry = Project(org_id=scope.org_id, name=new.name, retention_days=new.retention or None, metadata_=new.metadata)
    if not repository.add(scope, entry):
        raise _name_taken()
    item = _item(entry, organizations.name(scope.org_id))
    audit.record(scope, "create", "project", item.id, after=item.wire())
    return item


def update(scope: ProjectScope, new: ProjectRequest) -> ProjectItem:
    """Rename the project, and change retention and metadata where they are given; errors as `create`."""
    scope.require(Role.ADMIN)
    before = get(scope)
    given = {"metadata_": new.metadata, "retention_days": new.retention}
    values = {"name": new.name, "updated_at": utcnow()} | {name: value for name, value in given.items() if value is not None}
    if not repository.change(scope, values):
        raise _name_taken()
    after = get(scope)
    audit.record(scope, "update", "project", scope.project_id, before=before.wire(), after=after.wire())
    return after


def delete(scope: ProjectScope) -> None:
    """Hide the project and revoke its keys at once; its data goes by a job. ForbiddenError for all but owners."""
    scope.require(Role.OWNER)
    before = get(scope)
    if not repository.mark_deleted(scope, utcnow()):
        raise NotFoundError("Project not found")
    api_keys.revoke_all(scope)
    audit.record(scope, "delete", "project", scope.project_id, before=before.wire())
    enqueue(DELETION_QUEUE, DELETION_TASK, scope.project_id, scope.org_id, retries=10)


def _name_taken() -> ConflictError:
    return ConflictError("A project with this name already exists in your organization")


def _item(found: Project, org_name: str) -> ProjectItem:
    return ProjectItem(
        id=found.id,
        name=found.name,
        org_id=found.org_id,
        org_name=org_name,
        metadata=found.metadata_ or {},
        retention_days=found.retention_days or None,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def has_traces(scope: ProjectScope) -> bool:
    """Whether the project ever stored a trace; decides between the set-up screen and the table."""
    found = repository.project(scope)
    return found is not None and found.has_traces


def ensure_first(settings: Settings) -> FirstStart:
    """Make sure that somebody can sign in and send traces; safe to call at every start.

    With LANGFUSE_INIT_ORG_ID set, exactly what the settings name; else a first organisation, project, person and key,
    whose secrets are returned once.
    """
    with repository.first_start_lock():
        return _headless(settings) if settings.LANGFUSE_INIT_ORG_ID else _default()


def _headless(settings: Settings) -> FirstStart:
    org_id, project_id = settings.LANGFUSE_INIT_ORG_ID, settings.LANGFUSE_INIT_PROJECT_ID
    organizations.ensure(org_id, settings.LANGFUSE_INIT_ORG_NAME or "Provisioned organization")
    created = _headless_project(settings, org_id) if project_id else False
    email, password = settings.LANGFUSE_INIT_USER_EMAIL, settings.LANGFUSE_INIT_USER_PASSWORD
    if email and password:
        user_id = accounts.user_id(email) or accounts.create_user(email, settings.LANGFUSE_INIT_USER_NAME, password)
        organizations.ensure_owner(org_id, user_id)
        accounts.make_admin(email)
    return FirstStart(
        project_id=project_id,
        project_name=settings.LANGFUSE_INIT_PROJECT_NAME,
        public_key=settings.LANGFUSE_INIT_PROJECT_PUBLIC_KEY,
        secret_key=settings.LANGFUSE_INIT_PROJECT_SECRET_KEY or None,
        email=email,
        password=None,
        created=created,
    )


def _headless_project(settings: Settings, org_id: str) -> bool:
    """The project and its key; whether the project is new."""
    wanted = Project(
        id=settings.LANGFUSE_INIT_PROJECT_ID,
        org_id=org_id,
        name=settings.LANGFUSE_INIT_PROJECT_NAME or "Provisioned project",
        retention_days=settings.LANGFUSE_INIT_PROJECT_RETENTION,
    )
    created = repository.ensure(wanted) is wanted
    public_key, secret_key = settings.LANGFUSE_INIT_PROJECT_PUBLIC_KEY, settings.LANGFUSE_INIT_PROJECT_SECRET_KEY
    if public_key and secret_key:
        api_keys.put_given_key(wanted.id, public_key, secret_key)
    return created


def _default() -> FirstStart:
    """Each step takes what exists or makes it, so that a start that was killed half-way is finished by the next."""
    project = repository.first() or _first_project()
    email, password = accounts.first_email(), None
    if email is None:
        email, password = _FIRST_EMAIL, secrets.token_urlsafe(12)
        organizations.ensure_owner(project.org_id, accounts.create_user(email, "Admin", password))
    accounts.make_admin(email)
    public_key, secret_key = api_keys.first_public_key(project.id), None
    if public_key is None and not project.has_traces:
        new = api_keys.create_first_key(project.id)
        public_key, secret_key = new.item.public_key, new.secret_key
    return FirstStart(
        project_id=project.id,
        project_name=project.name,
        public_key=public_key or "",
        secret_key=secret_key,
        email=email,
        password=password,
        created=secret_key is not None,
    )


def _first_project() -> Project:
    org_id = organizations.first_id() or new_id()
    organizations.ensure(org_id, _FIRST_ORGANIZATION)
    return repository.ensure(Project(org_id=org_id, name=_FIRST_PROJECT))
