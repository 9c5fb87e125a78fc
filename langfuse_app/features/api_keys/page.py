"""Project settings: what the project is, and its API keys."""

from typing import Any

import reflex as rx

from langfuse_app.features.api_keys.state import SettingsState
from langfuse_app.features.projects.components import frame, project_page
from langfuse_app.ui.elements import button, copy_button, empty, icon, skeleton_rows
from langfuse_app.ui.navigation import NavEntry
from langfuse_app.ui.overlay import confirm
from langfuse_app.ui.text import t

S: Any = SettingsState


def _row(key: Any) -> rx.Component:
    revoke = button(
        icon("trash-2", "sm"),
        kind="ghost",
        size="sm",
        label=t("api_keys.revoke"),
        on_click=S.doom(key["id"]),
        custom_attrs={"data-opens": "revoke"},
    )
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.el.span(key["public_key"], class_name="lf-mono lf-clip"),
                copy_button(key["public_key"]),
                class_name="flex items-center gap-1",
            ),
            custom_attrs={"data-m": "a"},
        ),
        rx.el.td(key["secret"], class_name="lf-mono", custom_attrs={"data-quiet": "", "data-m": "d"}),
        rx.el.td(key["note"], class_name="lf-2", custom_attrs={"data-m": "c"}),
        rx.el.td(key["created"], class_name="lf-num", title=key["created_title"]),
        rx.el.td(key["used"], class_name="lf-num", custom_attrs={"data-quiet": ""}),
        rx.el.td(revoke, custom_attrs={"data-num": "", "data-m": "b"}),
    )


def _once() -> rx.Component:
    """The new pair; the secret is never shown again."""

    def line(label: str, value: Any) -> rx.Component:
        return rx.el.div(
            rx.el.span(label, class_name="lf-label", style={"width": "72px"}),
            rx.el.span(value, class_name="lf-mono lf-clip"),
            copy_button(value),
            class_name="flex items-center gap-2",
        )

    return rx.el.div(
        rx.el.div(rx.el.b(t("api_keys.new"), class_name="lf-strong"), rx.el.span(t("api_keys.once"), class_name="lf-3"), class_name="flex flex-wrap items-baseline gap-2"),
        line(t("public_key"), S.new_public), line(t("secret_key"), S.new_secret),
        class_name="lf-card lf-newkey", id="new-key",
    )  # fmt: skip


def _keys() -> rx.Component:
    names = ("public_key", "secret_key", "note", "created", "last_used")
    columns = rx.el.colgroup(
        *[rx.el.col(style={"width": width} if width else {}) for width in ("320px", "130px", "", "110px", "100px", "48px")]
    )
    table = rx.el.table(
        columns,
        rx.el.thead(rx.el.tr(*[rx.el.th(t(name)) for name in names], rx.el.th())),
        rx.el.tbody(rx.foreach(S.keys, _row)),
        class_name="lf-table",
        custom_attrs={"data-cards": ""},
    )
    note = rx.el.input(
        name="note", placeholder=t("api_keys.note"), class_name="lf-input", max_length=200, custom_attrs={"aria-label": t("note")}
    )
    form = rx.el.form(
        note,
        button(icon("plus"), t("api_keys.create"), kind="primary", type="submit"),
        on_submit=S.create,
        reset_on_submit=True,
        class_name="flex gap-2 lf-keyform",
    )
    return rx.el.section(
        rx.el.h2(t("api_keys"), class_name="lf-h1"),
        rx.el.p(t("api_keys.why"), class_name="lf-3", style={"margin": "4px 0 12px"}),
        form,
        rx.cond(S.new_secret, _once()),
        rx.cond(S.keys, rx.el.div(table, class_name="lf-card"), empty("key-round", t("api_keys.none"), t("api_keys.none.why"))),
    )


def _general() -> rx.Component:

    def line(fact: Any) -> rx.Component:
        return rx.fragment(rx.el.dt(fact["label"]), rx.el.dd(fact["value"]))

    return rx.el.section(
        rx.el.h2(t("general"), class_name="lf-h1", style={"margin_bottom": "8px"}), rx.el.dl(rx.foreach(S.facts, line), class_name="lf-kv")
    )


@project_page("/settings", title=t("settings"), nav=NavEntry(t("settings"), "settings", "/settings", foot=True), on_load=S.load)
def settings() -> rx.Component:
    """One column."""
    content = rx.el.div(rx.el.div(_general(), _keys(), class_name="lf-settings"), class_name="lf-scroll flex-1 min-h-0")
    ask = confirm("revoke", t("api_keys.revoke.title"), t("api_keys.revoke.why"), t("api_keys.revoke"), S.revoke)
    return frame(rx.cond(S.ready, content, skeleton_rows(6)), ask, title=t("settings"), reload=S.load)
