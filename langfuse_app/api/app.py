"""The REST edge: every slice's router in one FastAPI app. Mounted beside the UI, or served alone (`serve --role api`)."""

from fastapi import APIRouter, FastAPI, Request
from starlette.routing import Match

from langfuse_app import __version__
from langfuse_app.api import errors
from langfuse_app.api.middleware import BodyLimit, Cors, LastResort, RequestId
from langfuse_app.core.errors import MethodNotAllowedError, NotFoundError
from langfuse_app.features.accounts.api import router as accounts
from langfuse_app.features.health.api import router as health
from langfuse_app.features.ingest.api import router as ingest
from langfuse_app.features.ledger.api import router as ledger
from langfuse_app.features.models.api import router as models
from langfuse_app.features.observations.api import router as observations
from langfuse_app.features.projects.api import router as projects
from langfuse_app.features.queues.api import router as queues
from langfuse_app.features.scores.api import router as scores
from langfuse_app.features.sessions.api import router as sessions
from langfuse_app.features.traces.api import router as traces

ROUTERS: list[APIRouter] = [ingest, ledger, queues, health, projects, traces, observations, scores, sessions, models, accounts]


def create_app() -> FastAPI:
    """The app with all routes, error shapes and middleware. It opens no connection before the first request."""
    app = FastAPI(title="langfuse-app", version=__version__, openapi_url="/api/public/openapi.json", docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/api/{path:path}", _unknown, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    errors.install(app)
    # the last added is the outermost
    for middleware in (BodyLimit, LastResort, Cors, RequestId):
        app.add_middleware(middleware)
    return app


async def _unknown(request: Request, path: str) -> None:
    """What no route wanted: a known path with another method is 405, everything else is a JSON 404 and never a page."""
    others = [route for route in request.app.router.routes if getattr(route, "endpoint", None) is not _unknown]
    if any(route.matches(request.scope)[0] is Match.PARTIAL for route in others):
        raise MethodNotAllowedError
    raise NotFoundError(f"/api/{path} does not exist")
