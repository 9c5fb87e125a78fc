"""Routes of health: open to everybody, as monitors need them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from langfuse_app import __version__
from langfuse_app.api.documented import open_answers
from langfuse_app.api.errors import json_response
from langfuse_app.api.params import Params
from langfuse_app.features.health import service

router = APIRouter(tags=["health"])


class HealthChecks(Params):
    """Query of `GET /health`: what else must be well."""

    fail_if_database_unavailable: bool = False
    fail_if_no_recent_events: bool = False


class HealthOut(BaseModel):
    """Whether all is well, in words, and which version says so."""

    status: str
    version: str


def _answer(status: str, bad: int) -> Response:
    return json_response({"status": status, "version": __version__}, 200 if status == service.OK else bad)


@router.head("/api/public/health", include_in_schema=False)
@router.get("/api/public/health", responses=open_answers(HealthOut, bad=(503,)))
def health(params: Annotated[HealthChecks, Query()]) -> Response:
    """200 while this instance is alive; 503 when an asked-for check fails."""
    checks = {"need_database": params.fail_if_database_unavailable, "need_recent": params.fail_if_no_recent_events}
    return _answer(service.status(**checks), 503)


@router.head("/api/public/ready", include_in_schema=False)
@router.get("/api/public/ready", responses=open_answers(HealthOut, bad=(500, 503)))
def ready() -> Response:
    """200 when this process can serve; 500 while it is stopping, 503 when a store is away."""
    return _answer(service.readiness(), 500 if service.is_stopping() else 503)
