"""Sign-in. A native form: the HttpOnly cookie is set by a real answer, so the password never passes the socket."""

from typing import Any, Literal

import reflex as rx

from langfuse_app import __version__
from langfuse_app.features.accounts.state import SIGN_IN
from langfuse_app.ui.elements import attributes, button, icon
from langfuse_app.ui.shell import brand, theme_button
from langfuse_app.ui.text import t


class SignInState(rx.State):
    """What the address says: where to go afterwards, and whether the last try failed."""

    @rx.var
    def next(self) -> str:
        """The page to open after signing in."""
        return str(self.router.url.query_parameters.get("next", "/"))

    @rx.var
    def wrong(self) -> bool:
        """The last try failed."""
        return bool(self.router.url.query_parameters.get("error", ""))

    @rx.var
    def host(self) -> str:
        """Which installation this is."""
        return str(self.router.url.origin).partition("://")[2]


S: Any = SignInState


def _field(id: str, label: str, kind: Literal["email", "password"], autocomplete: str) -> rx.Component:
    marks = attributes(data_size="lg", aria_invalid=rx.cond(S.wrong, "true", "false"))
    field = rx.el.input(id=id, name=id, type=kind, auto_complete=autocomplete, required=True, class_name="lf-input", custom_attrs=marks)
    return rx.el.div(rx.el.label(label, html_for=id), field, class_name="lf-field")


def _form() -> rx.Component:
    wrong = rx.el.p(
        icon("circle-alert", "sm"),
        t("sign_in.wrong"),
        class_name="lf-help flex items-center gap-1.5",
        role="alert",
        custom_attrs={"data-tone": "err"},
    )
    return rx.el.form(
        _field("email", t("email"), "email", "username"),
        _field("password", t("password"), "password", "current-password"),
        rx.cond(S.wrong, wrong),
        rx.el.input(type="hidden", name="next", value=S.next),
        button(t("sign_in"), kind="primary", size="lg", type="submit", style={"margin_top": "4px"}),
        action="/api/auth/sign-in", method="post", id="lf-sign-in", class_name="grid gap-3",
        on_submit=rx.run_script("document.getElementById('lf-sign-in').submit()"),
    )  # fmt: skip


@rx.page(route=SIGN_IN, title=f"{t('sign_in')} · {t('app')}")
def sign_in() -> rx.Component:
    """One column, one decision."""
    place = rx.el.p(t("sign_in.to"), rx.el.span(S.host, class_name="lf-strong"), class_name="lf-3", style={"margin_bottom": "20px"})
    column = rx.el.div(
        brand(),
        rx.el.h1(t("sign_in"), class_name="lf-h1", style={"font_size": "20px", "margin_bottom": "4px"}),
        place,
        _form(),
        class_name="lf-column",
    )
    foot = rx.el.footer(
        rx.el.span(f"Langfuse-compatible · {__version__}"),
        theme_button(),
        class_name="flex justify-between lf-3 px-4 py-3",
        style={"font_size": "12px"},
    )
    return rx.el.div(
        rx.el.main(column, class_name="grid", style={"place_content": "center", "padding": "24px 16px"}), foot, class_name="lf-signin"
    )
