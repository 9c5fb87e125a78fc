"""Routes of sign-in: HTML forms, because a cookie that scripts cannot read has to come from the server."""

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse

from langfuse_app.core.errors import ForbiddenError, UnauthorizedError
from langfuse_app.core.settings import get_settings
from langfuse_app.features.accounts import service

router = APIRouter(include_in_schema=False)

SIGN_IN_PAGE = "/auth/sign-in"


def safe_next(target: str) -> str:
    """A path of this instance to go on to; anything that a browser could take for another host becomes '/'."""
    plain = target.startswith("/") and not target.startswith("//") and "\\" not in target and target.isprintable()
    return target if plain else "/"


def _same_origin(request: Request) -> bool:
    """Whether the form was on a page of ours. A foreign page could sign a visitor in to its own account otherwise."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    ours = (request.headers.get("host"), urlsplit(get_settings().public_url).netloc)
    return origin is None or urlsplit(origin).netloc in ours


@router.post("/api/auth/sign-in")
def sign_in(
    request: Request,
    email: Annotated[str, Form(max_length=320)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form(max_length=4096)] = "/",
) -> RedirectResponse:
    """Open a session and go on to `next`; a wrong password goes back to the form with ?error=credentials."""
    if not _same_origin(request):
        raise ForbiddenError("Sign in from the sign-in page of this instance")
    try:
        token = service.sign_in(email, password, request.headers.get("user-agent", ""))
    except UnauthorizedError:
        return RedirectResponse(f"{SIGN_IN_PAGE}?error=credentials&next={quote(safe_next(next), safe='')}", 303)
    answer = RedirectResponse(safe_next(next), 303)
    settings = get_settings()
    answer.set_cookie(
        service.COOKIE,
        token,
        max_age=settings.AUTH_SESSION_MAX_AGE * 60,
        path="/",
        secure=settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/api/auth/sign-out")
def sign_out(request: Request) -> RedirectResponse:
    """End the session and go to the form."""
    service.sign_out(request.headers.get("cookie"))
    answer = RedirectResponse(SIGN_IN_PAGE, 303)
    answer.delete_cookie(service.COOKIE, path="/")
    return answer
