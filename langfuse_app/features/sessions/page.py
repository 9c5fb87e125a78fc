"""Sessions: traces that belong together, newest first."""

from typing import Any

import reflex as rx

from langfuse_app.features.projects.components import frame, project_page
from langfuse_app.features.sessions.state import SessionsState
from langfuse_app.ui.elements import empty, environment
from langfuse_app.ui.navigation import OBSERVABILITY, NavEntry
from langfuse_app.ui.table import Column, listing, pager, table, time_range
from langfuse_app.ui.text import t

S: Any = SessionsState


def _created(row: Any) -> rx.Component:
    return rx.fragment(row["created"], rx.el.span(" ", row["age"], class_name="lf-3"))


def _id(row: Any) -> rx.Component:
    return rx.el.a(row["id"], href=row["href"], class_name="lf-strong lf-mono lf-clip block")


def _environment(row: Any) -> rx.Component:
    return environment(row["environment"])


def _title(row: Any) -> Any:
    return row["title"]


def _line(row: Any) -> dict[str, Any]:
    return {"on_click": rx.redirect(row["href"]), "custom_attrs": {"data-href": row["href"]}}


_COLUMNS = [
    Column(t("session"), _id, narrow="a"),
    Column(t("first_seen"), _created, "170px", narrow="b", class_name="lf-num", title=_title),
    Column(t("environment"), _environment, "170px", narrow="d"),
]


@project_page(
    "/sessions", title=t("sessions"), nav=NavEntry(t("sessions"), "messages-square", "/sessions", OBSERVABILITY, order=20), on_load=S.load
)
def sessions() -> rx.Component:
    """Each leads to its traces."""
    none = rx.el.div(empty("messages-square", t("sessions.none"), t("sessions.none.why")), class_name="lf-centre")
    toolbar = rx.el.div(rx.el.span(class_name="ml-auto"), time_range(S.view, S.set_range), class_name="lf-toolbar")
    return frame(
        listing(S.view, none, table(S.rows, _COLUMNS, S.view, row=_line), pager(S.view)),
        title=t("sessions"),
        toolbar=toolbar,
        reload=S.load,
    )
