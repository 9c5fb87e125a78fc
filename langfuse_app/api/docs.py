"""GET /api/docs: the OpenAPI document as a page to read and to try, without anything from another host."""

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

# Nothing but this file runs on the page, and it talks to this instance alone.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


@lru_cache
def _page() -> str:
    return (Path(__file__).parent / "docs.html").read_text()


@router.get("/api/docs")
def docs() -> HTMLResponse:
    """The page; it reads /api/public/openapi.json."""
    return HTMLResponse(_page(), headers={"content-security-policy": _POLICY})
