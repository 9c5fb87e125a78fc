"""The Reflex app: every page of every slice, the REST API on the same backend, the guard in front of every event."""

import logging
from importlib import import_module
from pathlib import Path

import reflex as rx

from langfuse_app.api.app import create_app
from langfuse_app.features.accounts.state import Guard
from langfuse_app.ui.client import SCRIPT

log = logging.getLogger(__name__)


def _unexpected(exception: Exception) -> rx.event.EventSpec:
    """What nobody foresaw in an event handler: the log has it whole, the reader a calm sentence."""
    log.error("an event handler failed", exc_info=exception)
    return rx.toast.error("Something went wrong here. Try again; the server's log says what it was.")


def _import_pages() -> None:
    """A page is found by its file name: features/<slice>/page.py, or <word>_page.py beside it."""
    features = Path(__file__).parent / "features"
    for path in sorted(features.glob("*/*page.py")):
        import_module(f"langfuse_app.features.{path.parent.name}.{path.stem}")


def _app() -> rx.App:
    _import_pages()
    made = rx.App(
        stylesheets=["/tokens.css", "/components.css", "/app.css"],
        head_components=[rx.el.script(SCRIPT), rx.el.meta(name="viewport", content="width=device-width, initial-scale=1")],
        api_transformer=create_app(),
        backend_exception_handler=_unexpected,
    )
    assert made.sio is not None
    # None means same origin only: with [] engine.io would not check at all, and with "*" any site could open the socket
    made.sio.eio.cors_allowed_origins = None
    made.add_middleware(Guard())
    return made


app = _app()
