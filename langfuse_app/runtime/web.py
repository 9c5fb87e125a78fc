"""The web process: granian in front of UI, REST and OTLP, or of the API alone. `python -m langfuse_app.runtime.web <role>`

The process that listens imports nothing heavy; its worker builds the app, and dies with it. UI state lives in that
one worker's memory, so the roles with a UI have exactly one.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

from langfuse_app.core.paths import resources
from langfuse_app.core.settings import get_settings
from langfuse_app.runtime import bundle
from langfuse_app.runtime.child import ChildSpec
from langfuse_app.runtime.guard import die_with_parent
from langfuse_app.runtime.network import http_status

Role = Literal["all", "ui", "api"]
_APP_NAME = "langfuse_app"
_PROBES = ("/api/public/health", "/api/public/ready")
_GRACE_SECONDS = 8  # for open requests; web sockets never end by themselves


def spec(role: Role, host: str, port: int, workers: int = 1) -> ChildSpec:
    """The web process as a child of the supervisor; settings reach it through the environment."""
    probed = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return ChildSpec(
        name="web",
        command=[sys.executable, "-m", "langfuse_app.runtime.web", role, host, str(port), str(workers)],
        ready=lambda: http_status(port, "/api/public/health", host=probed) == 200,
        stop_seconds=_GRACE_SECONDS + 4,
    )


def serve(role: Role, host: str, port: int, workers: int = 1) -> None:
    """Serve until SIGTERM or SIGINT. More than one worker is for the role `api` only."""
    if role != "api":
        _enter_reflex()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        f"langfuse_app.runtime.web:{role}_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=workers,
        workers_kill_timeout=_GRACE_SECONDS,
        log_level=LogLevels.warning,
        log_access=False,
    )
    cast("Callable[[], None]", server.serve)()


def all_app() -> Any:
    """ASGI factory of the role `all`: pages, REST and OTLP. Factories run in granian's worker."""
    _enter_worker()
    from reflex_base.config import get_config

    found = get_config().app_name
    if found != _APP_NAME:
        raise RuntimeError(f"Reflex read no rxconfig.py of ours in {Path.cwd()} (app_name {found!r})")
    from langfuse_app.langfuse_app import app

    return _settled(app())


def ui_app() -> Any:
    """ASGI factory of the role `ui`: pages and their sign-in, so that no ingestion ever slows them down."""
    from starlette.responses import JSONResponse

    pages = all_app()
    not_here = JSONResponse({"message": "This process serves pages; the API runs elsewhere", "error": "LangfuseNotFoundError"}, 404)

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        elsewhere = scope["type"] == "http" and scope["path"].startswith("/api/public/") and scope["path"] not in _PROBES
        await (not_here if elsewhere else pages)(scope, receive, send)

    return app


def api_app() -> Any:
    """ASGI factory of the role `api`: REST and OTLP; no Reflex is imported."""
    _enter_worker()
    from langfuse_app.api.app import create_app

    return _settled(create_app())


def _settled(app: Any) -> Any:
    """The app, with all that was imported out of the garbage collector's sight: to walk through it takes a tenth of a second."""
    gc.collect()
    gc.freeze()
    return app


def _enter_worker() -> None:
    if sys.platform.startswith("linux"):
        die_with_parent(signal.SIGTERM, os.getppid())
    from langfuse_app.runtime.logs import configure

    configure(get_settings())


def _enter_reflex() -> None:
    """Reflex reads rxconfig.py in the current folder, and everything else from these variables."""
    os.chdir(resources())
    private = get_settings().data_dir / "reflex"
    os.environ |= {
        "REFLEX_ENV_MODE": "prod",
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "REFLEX_WEB_WORKDIR": str(bundle.folder()),
        "REFLEX_UPLOADED_FILES_DIR": str(private / "uploads"),
        "REFLEX_DIR": str(private),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


if __name__ == "__main__":
    _, chosen, address, number, processes = sys.argv
    serve(cast("Role", chosen), address, int(number), int(processes))
