"""Links that answers carry."""

from fastapi import Request

from langfuse_app.core.settings import get_settings


def base_url(request: Request) -> str:
    """Where the caller reaches us: the public URL where one is set, else as this request found us."""
    return get_settings().NEXTAUTH_URL or str(request.base_url).rstrip("/")
