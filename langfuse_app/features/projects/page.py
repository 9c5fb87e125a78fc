"""The front door: which project?"""

from typing import Any

import reflex as rx

from langfuse_app.features.projects.state import ProjectsState
from langfuse_app.ui.elements import empty, icon
from langfuse_app.ui.shell import brand, theme_button
from langfuse_app.ui.text import t

S: Any = ProjectsState


def _card(card: Any) -> rx.Component:
    head = rx.cond(card["org"], rx.el.h2(card["org"], class_name="lf-label", style={"margin": "12px 0 6px"}))
    link = rx.el.a(
        rx.el.span(card["initials"], class_name="lf-avatar"),
        rx.el.b(card["name"], class_name="lf-strong lf-clip"),
        rx.el.span(card["role"], class_name="lf-3 ml-auto", style={"font_size": "12px"}),
        icon("chevron-right", "sm"),
        href=card["href"], class_name="lf-card lf-projectcard",
    )  # fmt: skip
    return rx.fragment(head, link)


@rx.page(route="/", title=f"{t('projects')} · {t('app')}", on_load=S.load)
def projects() -> rx.Component:
    """A short list."""
    cards = rx.cond(
        S.cards, rx.el.div(rx.foreach(S.cards, _card), class_name="grid gap-1"), empty("folder-open", t("projects"), t("projects.none"))
    )
    leave = rx.el.a(t("sign_out"), href="/api/auth/sign-out", reload_document=True)
    return rx.el.div(
        rx.el.main(
            brand(),
            rx.el.h1(t("projects"), class_name="lf-h1"),
            rx.cond(S.ready, cards),
            class_name="lf-column mx-auto",
            style={"padding_top": "14vh"},
        ),
        rx.el.footer(leave, theme_button(), class_name="flex justify-between lf-3 px-4 py-3", style={"font_size": "12px"}),
        class_name="lf-signin",
    )
