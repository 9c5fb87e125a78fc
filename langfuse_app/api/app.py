"""The REST edge: every slice's router in one FastAPI app. Mounted beside the UI, or served alone (`serve --role api`)."""

from fastapi import APIRouter, FastAPI, Request
from starlette.routing import Match

from langfuse_app import __version__
from langfuse_app.api import docs, errors, openapi
from langfuse_app.api.mcp.routes import router as mcp
from langfuse_app.api.middleware import BodyLimit, Cors, LastResort, RequestId, Text
from langfuse_app.core.errors import MethodNotAllowedError, NotFoundError
from langfuse_app.core.settings import get_settings
from langfuse_app.features.accounts.api import router as accounts
from langfuse_app.features.admin.api import router as admin
from langfuse_app.features.annotation_queues.api import router as annotation_queues
from langfuse_app.features.blob_storage.api import router as blob_storage
from langfuse_app.features.comments.api import router as comments
from langfuse_app.features.dashboards.api import router as dashboards
from langfuse_app.features.datasets.api import router as datasets
from langfuse_app.features.deletions.api import router as deletions
from langfuse_app.features.evaluation_rules.api import router as evaluation_rules
from langfuse_app.features.evaluators.api import router as evaluators
from langfuse_app.features.experiments.api import router as experiments
from langfuse_app.features.feedback.api import router as feedback
from langfuse_app.features.health.api import router as health
from langfuse_app.features.ingest.api import router as ingest
from langfuse_app.features.ledger.api import router as ledger
from langfuse_app.features.llm_connections.api import router as llm_connections
from langfuse_app.features.media.api import router as media
from langfuse_app.features.metrics.api import router as metrics
from langfuse_app.features.models.api import router as models
from langfuse_app.features.observations.api import router as observations
from langfuse_app.features.organizations.api import router as organizations
from langfuse_app.features.projects.api import router as projects
from langfuse_app.features.prompts.api import router as prompts
from langfuse_app.features.queues.api import router as queues
from langfuse_app.features.rate_limits import service as rate_limits
from langfuse_app.features.scim.api import router as scim
from langfuse_app.features.score_configs.api import router as score_configs
from langfuse_app.features.scores.api import router as scores
from langfuse_app.features.sessions.api import router as sessions
from langfuse_app.features.single_events.api import router as single_events
from langfuse_app.features.skills.api import router as skills
from langfuse_app.features.traces.api import router as traces

ROUTERS: list[APIRouter] = [
    ingest,
    ledger,
    queues,
    health,
    projects,
    traces,
    observations,
    scores,
    sessions,
    models,
    accounts,
    annotation_queues,
    blob_storage,
    comments,
    llm_connections,
    media,
    score_configs,
    organizations,
    scim,
    feedback,
    deletions,
    dashboards,
    evaluators,
    evaluation_rules,
    prompts,
    skills,
    mcp,
    metrics,
    single_events,
    datasets,
    experiments,
    admin,
]


_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def create_app() -> FastAPI:
    """The app with all routes, error shapes and middleware. It opens no connection before the first request."""
    app = FastAPI(
        title="langfuse-app",
        version=__version__,
        openapi_url="/api/public/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=openapi.operation_id,
    )
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(docs.router)
    app.add_api_route("/api/{path:path}", _unknown, methods=[*_METHODS, "OPTIONS"], include_in_schema=False)
    errors.install(app)
    openapi.install(app)
    rate_limits.check_settings()
    # the last added is the outermost
    for middleware in (Text, BodyLimit, LastResort, Cors):
        app.add_middleware(middleware)
    if get_settings().OTEL_EXPORTER_OTLP_ENDPOINT:
        _send_spans(app)
    app.add_middleware(RequestId)
    return app


def _send_spans(app: FastAPI) -> None:
    from langfuse_app.api.telemetry import Telemetry, tracer

    app.add_middleware(Telemetry, tracer=tracer())


async def _unknown(request: Request, path: str) -> None:
    """What no route wanted: a known path with another method is 405, everything else is a JSON 404 and never a page."""
    others = [route for route in request.app.router.routes if getattr(route, "endpoint", None) is not _unknown]
    tried = {method: dict(request.scope) | {"method": method} for method in _METHODS}
    allowed = [method for method, scope in tried.items() if any(route.matches(scope)[0] is Match.FULL for route in others)]
    if allowed:
        raise MethodNotAllowedError(allowed=allowed)
    raise NotFoundError(f"/api/{path} does not exist")
