"""The front door: which project?"""

from typing import Any

import reflex as rx

from langfuse_app.features.projects.state import ProjectsState
from langfuse_app.ui.elements import empty, skeleton_rows
from langfuse_app.ui.shell import logo
from langfuse_app.ui.text import t


def _card(card: Any) -> rx.Component:
    return rx.el.a(
        rx.el.span(card["initials"], class_name="lf-avatar"),
        rx.el.span(rx.el.b(card["name"], class_name="lf-strong"), rx.el.span(card["org"], " · ", card["role"], class_name="lf-3", style={"display": "block", "font_size": "12px"})),
        href=card["href"], class_name="lf-card", style={"flex_direction": "row", "align_items": "center", "gap": "12px", "padding": "12px 14px"},
    )  # fmt: skip


@rx.page(route="/", title=f"{t('projects')} · {t('app')}", on_load=ProjectsState.load)
def projects() -> rx.Component:
    """A short list."""
    none = empty("folder-open", t("projects"), t("projects.none"))
    cards = rx.cond(ProjectsState.cards, rx.el.div(rx.foreach(ProjectsState.cards, _card), class_name="grid gap-2"), none)
    return rx.el.div(
        rx.el.main(
            rx.el.div(logo(), rx.el.b(t("app"), style={"font_size": "15px"}), class_name="flex items-center gap-2", style={"margin_bottom": "22px"}),
            rx.el.h1(t("projects"), class_name="lf-h1", style={"margin_bottom": "12px"}),
            rx.cond(ProjectsState.ready, cards, skeleton_rows(3)),
            class_name="mx-auto w-full", style={"max_width": "480px", "padding": "12vh 16px"},
        ),
        class_name="lf-signin",
    )  # fmt: skip
