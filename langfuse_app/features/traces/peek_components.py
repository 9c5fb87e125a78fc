"""A trace beside the list: the list stays where it is, and J and K go through it."""

from typing import Any

import reflex as rx

from langfuse_app.features.traces.state import TracesState
from langfuse_app.features.traces.trace_page import SCRIPT, body
from langfuse_app.features.traces.trace_state import TraceState
from langfuse_app.ui.elements import button, copy_button, icon, link_button
from langfuse_app.ui.text import t

L: Any = TracesState
S: Any = TraceState


def _head() -> rx.Component:
    pressed = rx.cond(S.head["starred"], "true", "false")
    star = button(
        rx.el.span(icon("star"), class_name="lf-star", custom_attrs={"aria-pressed": pressed}),
        kind="ghost",
        label=t("bookmark"),
        on_click=S.star,
    )
    id = rx.el.span(
        S.head["id"],
        class_name="lf-badge lf-mono lf-clip lf-only-wide",
        title=S.head["id"],
        style={"max_width": "150px"},
        custom_attrs={"data-line": ""},
    )
    return rx.el.div(
        link_button(icon("chevron-up"), href=L.peek_before, kind="ghost", label=t("previous_trace"), key="k", class_name="lf-only-wide"),
        link_button(icon("chevron-down"), href=L.peek_after, kind="ghost", label=t("next_trace"), key="j", class_name="lf-only-wide"),
        rx.el.span(class_name="lf-sep lf-only-wide"),
        rx.cond(S.status == "ready", rx.fragment(rx.el.b(S.head["name"], class_name="lf-h2 lf-clip"), id, copy_button(S.head["id"], t("copy_id")))),
        rx.el.span(class_name="ml-auto"),
        rx.cond(S.status == "ready", star),
        link_button(icon("maximize-2"), href=L.peek_href, kind="ghost", label=t("open_page"), key="o"),
        link_button(icon("x"), href=L.peek_close, kind="ghost", label=t("close"), key="Escape"),
        class_name="lf-panel-head",
    )  # fmt: skip


def peek() -> rx.Component:
    """The panel; it is there while the address names a trace."""
    panel = rx.el.aside(
        _head(), body(), class_name="lf-peek", id="lf-peek", custom_attrs={"aria-label": t("trace")}, on_mount=rx.run_script(SCRIPT)
    )
    return rx.cond(L.peek, panel)
