"""Dependencies that turn a request's credentials into a scope; a route without one is open and says so."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from langfuse_app.core.errors import AppError, ForbiddenError, ServiceUnavailableError, UnauthorizedError
from langfuse_app.core.scopes import InstanceScope, OrganizationScope, ProjectScope
from langfuse_app.features.api_keys import service as api_keys
from langfuse_app.features.api_keys.service import Asked
from langfuse_app.features.rate_limits import service as rate_limits

# The batch route and the prompt routes name the error class in their refusals, the other routes do not.
_NAMED = ("/api/public/ingestion", "/api/public/prompts", "/api/public/v2/prompts")
# Where the operator's admin key may act for any project (spec/api.md §1.1).
_FOR_ADMINS = ("/api/public/models", "/api/public/llm-connections")


class _BareError(AppError):
    """A refusal with a message only."""

    def body(self) -> dict[str, Any]:
        return {"message": self.message}


class _BareUnauthorizedError(_BareError, UnauthorizedError):
    """401 with a message only."""


class _BareForbiddenError(_BareError, ForbiddenError):
    """403 with a message only."""


class _BareUnavailableError(_BareError, ServiceUnavailableError):
    """503 with a message only."""


_BARE: dict[type[AppError], type[_BareError]] = {
    UnauthorizedError: _BareUnauthorizedError,
    ForbiddenError: _BareForbiddenError,
    ServiceUnavailableError: _BareUnavailableError,
}


@contextmanager
def _refusals(request: Request) -> Generator[None]:
    """Gives refusals the body that the route has them in."""
    try:
        yield
    except AppError as error:
        bare = _BARE.get(type(error))
        if bare is None or request.url.path.startswith(_NAMED):
            raise
        raise bare(error.message) from error


class _ProjectKey(SecurityBase):
    """The project of the key in the Authorization header; 401 and 403 as spec/api.md §1.1."""

    model = HTTPBase(scheme="basic", description="The public key of a project as user, its secret key as password")
    scheme_name = "projectKey"

    async def __call__(self, request: Request) -> ProjectScope:
        if "x-langfuse-admin-api-key" in request.headers and request.url.path.startswith(_FOR_ADMINS):
            return await asyncio.to_thread(_project_of_admin, request)
        return await _authenticate(request, allow_scores_only=False)


class _PublicKey(SecurityBase):
    """The same, and browsers with a public key alone may come in too: their scope only writes scores."""

    model = HTTPBase(scheme="bearer", description="The public key of a project: may write scores, and nothing else")
    scheme_name = "publicKey"

    async def __call__(self, request: Request) -> ProjectScope:
        return await _authenticate(request, allow_scores_only=True)


class _OrganizationKey(SecurityBase):
    """The organisation of the key; a project's key answers 403."""

    model = HTTPBase(scheme="basic", description="The public key of an organisation as user, its secret key as password")
    scheme_name = "organizationKey"

    def __call__(self, request: Request) -> OrganizationScope:
        with _refusals(request):
            return _organization(request, request.headers.get("authorization"))


class _ScimKey(_OrganizationKey):
    """The same; identity providers that only know tokens send the pair of Basic as `Bearer` (spec/api.md §4.16)."""

    def __call__(self, request: Request) -> OrganizationScope:
        header = request.headers.get("authorization")
        scheme, _, value = (header or "").partition(" ")
        return _organization(request, f"Basic {value}" if scheme == "Bearer" else header)


class _AdminKey(SecurityBase):
    """The bearer of ADMIN_API_KEY."""

    model = HTTPBase(scheme="bearer", description="ADMIN_API_KEY of this instance")
    scheme_name = "adminKey"

    def __call__(self, request: Request) -> InstanceScope:
        return api_keys.authenticate_admin(request.headers.get("authorization"))


require_project, require_scores = _ProjectKey(), _PublicKey()
require_organization, require_scim, require_admin = _OrganizationKey(), _ScimKey(), _AdminKey()


def _organization(request: Request, header: str | None) -> OrganizationScope:
    scope = api_keys.authenticate_organization(header, _asked(request))
    if rate_limits.enabled():
        rate_limits.count(scope, request.method, request.url.path)
    return scope


def _in_organization(scope: Annotated[OrganizationScope, Depends(require_organization)], project_id: str) -> ProjectScope:
    return api_keys.project_in(scope, project_id)


def _asked(request: Request, allow_scores_only: bool = False) -> Asked:
    return Asked(request.method, request.url.path, allow_scores_only)


async def _authenticate(request: Request, allow_scores_only: bool) -> ProjectScope:
    header, asked = request.headers.get("authorization"), _asked(request, allow_scores_only)
    with _refusals(request):
        scope = api_keys.authenticate_cached(header, asked) or await asyncio.to_thread(api_keys.authenticate, header, asked)
    if rate_limits.enabled():
        await asyncio.to_thread(rate_limits.count, scope, request.method, request.url.path)
    return scope


def _project_of_admin(request: Request) -> ProjectScope:
    headers = request.headers
    with _refusals(request):
        return api_keys.authenticate_admin_for_project(
            headers.get("authorization"), headers["x-langfuse-admin-api-key"], headers.get("x-langfuse-project-id")
        )


Project = Annotated[ProjectScope, Depends(require_project)]
ScoreWriter = Annotated[ProjectScope, Depends(require_scores)]
Organization = Annotated[OrganizationScope, Depends(require_organization)]
OrganizationProject = Annotated[ProjectScope, Depends(_in_organization)]
"""The project named in the path as `{project_id}`, for a key of its organisation."""
ScimClient = Annotated[OrganizationScope, Depends(require_scim)]
Admin = Annotated[InstanceScope, Depends(require_admin)]
