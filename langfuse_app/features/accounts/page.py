"""Sign-in. A native form: the HttpOnly cookie is set by a real answer, so the password never passes the socket."""

import reflex as rx

from langfuse_app import __version__
from langfuse_app.features.accounts.state import SIGN_IN
from langfuse_app.ui.elements import button, icon
from langfuse_app.ui.shell import logo
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


def _field(id: str, label: str, kind: str, autocomplete: str) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=id),
        rx.el.input(id=id, name=id, type=kind, auto_complete=autocomplete, required=True, class_name="lf-input",
                    custom_attrs={"data-size": "lg", "aria-invalid": rx.cond(SignInState.wrong, "true", "false")}),
        class_name="lf-field",
    )  # fmt: skip


def _form() -> rx.Component:
    return rx.el.form(
        rx.cond(SignInState.wrong, rx.el.p(icon("circle-alert", "sm"), t("sign_in.wrong"), class_name="lf-err flex items-center gap-1.5", role="alert")),
        _field("email", t("email"), "email", "username"),
        _field("password", t("password"), "password", "current-password"),
        rx.el.input(type="hidden", name="next", value=SignInState.next),
        button(t("sign_in"), kind="primary", size="lg", type="submit"),
        action="/api/auth/sign-in", method="post", id="lf-sign-in", class_name="grid gap-3",
        on_submit=rx.run_script("document.getElementById('lf-sign-in').submit()"),
    )  # fmt: skip


@rx.page(route=SIGN_IN, title=f"{t('sign_in')} · {t('app')}")
def sign_in() -> rx.Component:
    """One column, one decision."""
    return rx.el.div(
        rx.el.main(
            rx.el.div(
                rx.el.div(logo(), rx.el.b(t("app"), style={"font_size": "15px"}), class_name="flex items-center gap-2", style={"margin_bottom": "22px"}),
                rx.el.h1(t("sign_in"), class_name="lf-h1", style={"font_size": "20px", "margin_bottom": "20px"}),
                _form(),
                style={"width": "340px", "max_width": "calc(100vw - 32px)"},
            ),
            class_name="grid", style={"place_content": "center", "padding": "24px 16px"},
        ),
        rx.el.footer(
            rx.el.span(f"Langfuse-compatible · {__version__}"),
            rx.el.button(icon("sun-moon"), type="button", title=t("theme"), on_click=rx.toggle_color_mode, custom_attrs={"aria-label": t("theme")}),
            class_name="flex justify-between lf-3 px-4 py-3", style={"font_size": "12px"},
        ),
        class_name="lf-signin",
    )  # fmt: skip
