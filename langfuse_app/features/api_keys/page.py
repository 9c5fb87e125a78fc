"""Project settings: API keys."""

from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState, who
from langfuse_app.features.api_keys.state import KeysState
from langfuse_app.ui.elements import button, copy_button, empty, failure, icon, skeleton_rows
from langfuse_app.ui.shell import ENTRIES, NavEntry, crumb, shell
from langfuse_app.ui.text import t

ENTRIES.append(NavEntry(t("settings"), "settings", "/settings", order=900, foot=True))
S = KeysState


def _row(key: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.span(key["public_key"], class_name="lf-mono"), custom_attrs={"data-m": "a"}),
        rx.el.td(rx.el.span(key["secret"], class_name="lf-mono lf-3")),
        rx.el.td(key["note"], class_name="lf-2", custom_attrs={"data-m": "c"}),
        rx.el.td(key["created"], class_name="lf-num", custom_attrs={"data-m": "d"}),
        rx.el.td(key["used"], class_name="lf-num lf-2"),
        rx.el.td(button(icon("trash-2", "sm"), kind="ghost", size="sm", label="Revoke", on_click=rx.run_script("confirm('Revoke this key? SDKs that use it are refused at once.')", callback=lambda sure: S.revoke(key["id"], sure))), custom_attrs={"data-m": "b"}),
    )  # fmt: skip


def _once() -> rx.Component:
    """The new pair; the secret is never shown again."""
    line = lambda label, value: rx.el.div(rx.el.span(label, class_name="lf-label", style={"width": "60px"}), rx.el.span(value, class_name="lf-mono lf-clip"), copy_button(value), class_name="flex items-center gap-2")  # noqa: E731
    return rx.el.div(
        rx.el.b("New key", class_name="lf-strong"), rx.el.p("The secret is shown once. Store it now.", class_name="lf-3", style={"font_size": "12px"}),
        line("Public", S.new_public), line("Secret", S.new_secret),
        class_name="lf-card", id="new-key", style={"padding": "12px 14px", "gap": "6px", "margin_bottom": "16px"},
    )  # fmt: skip


def _keys() -> rx.Component:
    head = rx.el.thead(rx.el.tr(*[rx.el.th(label) for label in ("Public key", "Secret", "Note", "Created", "Last used", "")]))
    table = rx.el.table(head, rx.el.tbody(rx.foreach(S.keys, _row)), class_name="lf-table", custom_attrs={"data-cards": ""})
    form = rx.el.form(
        rx.el.input(name="note", placeholder="Note, for example the service that uses it", class_name="lf-input", max_length=200, style={"flex": "1"}, custom_attrs={"aria-label": "Note"}),
        button(icon("plus"), "Create key", kind="primary", type="submit"),
        on_submit=S.create, reset_on_submit=True, class_name="flex gap-2", style={"margin": "12px 0 16px", "max_width": "560px"},
    )  # fmt: skip
    return rx.el.div(
        rx.el.h1("API keys", class_name="lf-h1"),
        rx.el.p("SDKs send a public and a secret key of this project. A revoked key is refused within a second.", class_name="lf-3", style={"margin_top": "4px"}),
        form, rx.cond(S.new_secret, _once()), table,
        class_name="lf-scroll flex-1 min-h-0 p-4",
    )  # fmt: skip


@rx.page(route="/project/[project_id]/settings", title=f"{t('settings')} · {t('app')}", on_load=[AppState.enter, KeysState.load])
def settings() -> rx.Component:
    """Keys of the project."""
    body = rx.match(
        S.status,
        ("ready", _keys()),
        ("missing", empty("circle-off", t("not_found"), t("not_found.why"))),
        ("error", failure(S.problem, S.load)),
        skeleton_rows(6),
    )
    return shell(who(), body, crumbs=[crumb(t("settings"))])
