"""Menus, popovers and dialogs, as the browser has them: `popover` and `<dialog>` bring focus, Escape and a click elsewhere.

They need no script library, which would be two thirds of a page's weight (docs/decisions/0003-native-overlays.md).
"""

from typing import Any

import reflex as rx

from langfuse_app.ui.elements import attributes, button, icon
from langfuse_app.ui.text import t


def popover(id: str, *content: Any, end: bool = False, class_name: str = "") -> rx.Component:
    """Content that floats beside the element whose `popovertarget` opens it; end: aligned at its right edge."""
    return rx.el.div(
        *content, id=id, class_name=f"lf-pop lf-float {class_name}", custom_attrs=attributes(popover="auto", data_end="" if end else None)
    )


def opens(id: str) -> dict[str, Any]:
    """Attributes of a button that opens a popover."""
    return {"popoverTarget": id, "aria-haspopup": "true"}


def menu_label(text: Any) -> rx.Component:
    """A heading between items."""
    return rx.el.div(text, class_name="lf-menu-label")


def menu_separator() -> rx.Component:
    """A line between items."""
    return rx.el.div(class_name="lf-menu-sep", role="separator")


def menu_link(*children: Any, href: Any, chosen: Any = None, **props: Any) -> rx.Component:
    """An item that leads somewhere; chosen: whether it is the current one."""
    return rx.el.a(*children, _mark(chosen), href=href, class_name="lf-menu-item", **props)


def menu_button(*children: Any, chosen: Any = None, tone: str = "", **props: Any) -> rx.Component:
    """An item that does something."""
    return rx.el.button(
        *children, _mark(chosen), type="button", class_name="lf-menu-item", custom_attrs=attributes(data_tone=tone or None), **props
    )


def _mark(chosen: Any) -> Any:
    return rx.fragment() if chosen is None else rx.cond(chosen, rx.el.span(icon("check", "sm"), class_name="lf-end"))


def choices(options: Any) -> rx.Component:
    """Menu items for a list of `listing.Choice`."""

    def one(option: Any) -> rx.Component:
        return menu_link(rx.el.span(option["label"], class_name="lf-clip"), href=option["href"], chosen=option["on"])

    return rx.foreach(options, one)


def dialog(id: str, title: Any, *content: Any, actions: list[Any] | None = None) -> rx.Component:
    """A modal dialog; opened by a button with `data-opens=id`."""
    foot = [rx.el.footer(*actions)] if actions else []
    return rx.el.dialog(rx.el.header(title), rx.el.div(*content), *foot, id=id, class_name="lf-dialog lf-modal")


def confirm(id: str, title: Any, why: Any, verb: str, on_confirm: Any) -> rx.Component:
    """Asks before something that cannot be undone."""
    cancel = button(t("cancel"), custom_attrs={"data-close": ""})
    return dialog(id, title, why, actions=[cancel, button(verb, kind="danger", on_click=on_confirm, custom_attrs={"data-close": ""})])
