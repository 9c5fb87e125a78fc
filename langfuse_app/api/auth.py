"""Dependencies that turn a request's credentials into a scope; a route without one is open and says so."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Request

from langfuse_app.core.errors import AppError, ForbiddenError, UnauthorizedError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.api_keys import service as api_keys

# The batch route and the prompt routes name the error class in their refusals, the other routes do not.
_NAMED = ("/api/public/ingestion", "/api/public/prompts", "/api/public/v2/prompts")


class _BareError(AppError):
    """A refusal with a message only."""

    def body(self) -> dict[str, Any]:
        return {"message": self.message}


class _BareUnauthorizedError(_BareError, UnauthorizedError):
    """401 with a message only."""


class _BareForbiddenError(_BareError, ForbiddenError):
    """403 with a message only."""


async def require_project(request: Request) -> ProjectScope:
    """The project of the key in the Authorization header; 401 and 403 as spec/api.md §1.1."""
    return await _authenticate(request, allow_scores_only=False)


async def require_scores(request: Request) -> ProjectScope:
    """The same, and browsers with a public key alone may come in too: their scope only writes scores."""
    return await _authenticate(request, allow_scores_only=True)


async def _authenticate(request: Request, allow_scores_only: bool) -> ProjectScope:
    header = request.headers.get("authorization")
    try:
        known = api_keys.authenticate_cached(header, allow_scores_only)
        return known or await asyncio.to_thread(api_keys.authenticate, header, allow_scores_only)
    except (UnauthorizedError, ForbiddenError) as error:
        if request.url.path.startswith(_NAMED):
            raise
        bare = _BareUnauthorizedError if isinstance(error, UnauthorizedError) else _BareForbiddenError
        raise bare(error.message) from error


Project = Annotated[ProjectScope, Depends(require_project)]
ScoreWriter = Annotated[ProjectScope, Depends(require_scores)]
