"""Routes of health: open to everybody, as monitors need them."""

from fastapi import APIRouter, Response

from langfuse_app import __version__
from langfuse_app.api.errors import json_response
from langfuse_app.features.health import service

router = APIRouter(tags=["health"])


def _answer(status: str, bad: int) -> Response:
    return json_response({"status": status, "version": __version__}, 200 if status == service.OK else bad)


@router.api_route("/api/public/health", methods=["GET", "HEAD"])
def health(failIfDatabaseUnavailable: bool = False, failIfNoRecentEvents: bool = False) -> Response:
    """200 while this instance is alive; 503 when an asked-for check fails."""
    return _answer(service.status(need_database=failIfDatabaseUnavailable, need_recent=failIfNoRecentEvents), 503)


@router.api_route("/api/public/ready", methods=["GET", "HEAD"])
def ready() -> Response:
    """200 when this process can serve; 500 while it is stopping, 503 when a store is away."""
    return _answer(service.readiness(), 500 if service.is_stopping() else 503)
