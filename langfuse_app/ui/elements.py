"""Small parts that every page uses: icons, buttons, menus, badges, empty and error states."""

from typing import Any

import reflex as rx

from langfuse_app.ui.text import t

TYPE_ICONS = {
    "SPAN": "align-left",
    "GENERATION": "sparkle",
    "EVENT": "zap",
    "AGENT": "bot",
    "TOOL": "wrench",
    "CHAIN": "link-2",
    "RETRIEVER": "book-open",
    "EVALUATOR": "check-check",
    "EMBEDDING": "waypoints",
    "GUARDRAIL": "shield",
}


def icon(name: str, size: str = "md") -> rx.Component:
    """A lucide icon in the stroke and sizes of the reference."""
    pixels = {"xs": 11, "sm": 13, "md": 15, "lg": 18}[size]
    return rx.icon(name, size=pixels, class_name="lf-icon", custom_attrs={"data-size": size, "aria-hidden": "true"})


def button(*children: Any, kind: str = "", size: str = "", label: str = "", **props: Any) -> rx.Component:
    """A button; `label` makes it an icon button that says what it does."""
    attributes: dict[str, Any] = {**props.pop("custom_attrs", {})}
    if kind:
        attributes["data-kind"] = kind
    if size:
        attributes["data-size"] = size
    if label:
        attributes |= {"data-icon": "", "aria-label": label, "title": label}
    return rx.el.button(*children, class_name=f"lf-btn {props.pop('class_name', '')}", type=props.pop("type", "button"), custom_attrs=attributes, **props)


def type_icon(kind: Any, size: str = "") -> rx.Component:
    """Icon and colour of an observation type, always together."""
    cases = [(name, icon(symbol, "xs")) for name, symbol in TYPE_ICONS.items()]
    return rx.el.span(rx.match(kind, *cases, icon("align-left", "xs")), class_name="lf-type", title=kind, custom_attrs={"data-type": kind, "data-size": size})


def menu(trigger: Any, *items: Any, align: str = "left", width: str = "") -> rx.Component:
    """A drop-down without a script of its own: `<details>`, closed by a click elsewhere (shell.SCRIPT)."""
    style = {"position": "absolute", "top": "calc(100% + 4px)", align: "0", "min_width": width or "190px", "max_height": "60vh", "overflow": "auto"}
    return rx.el.details(rx.el.summary(trigger, class_name="lf-summary"), rx.el.div(*items, class_name="lf-pop lf-menu", style=style), class_name="lf-drop")


def menu_item(*children: Any, **props: Any) -> rx.Component:
    """One choice of a menu."""
    return rx.el.button(*children, class_name="lf-menu-item", type="button", **props)


def badge(*children: Any, tone: str = "", mono: bool = False) -> rx.Component:
    """A quiet label."""
    attributes = {"data-tone": tone} if tone else {"data-line": ""}
    return rx.el.span(*children, class_name="lf-badge lf-mono" if mono else "lf-badge", custom_attrs=attributes)


def fact(label: str, *values: Any) -> rx.Component:
    """A label and its value in a line of facts."""
    return rx.el.span(rx.el.i(label), *values, class_name="lf-fact lf-num")


def empty(symbol: str, title: Any, why: Any, *actions: Any) -> rx.Component:
    """Why there is nothing, and the next step."""
    return rx.el.div(icon(symbol, "lg"), rx.el.b(title), rx.el.p(why), *actions, class_name="lf-empty")


def failure(message: Any, retry: Any) -> rx.Component:
    """What failed, and a way to try again."""
    return empty("circle-alert", message, "", button(icon("refresh-cw"), t("retry"), on_click=retry))


def skeleton_rows(count: int = 12) -> rx.Component:
    """The shape of a table that is still on its way."""
    widths = ("34%", "58%", "46%", "70%", "52%")
    lines = [rx.el.div(rx.el.div(class_name="lf-skel", style={"width": widths[n % 5]}), style={"padding": "10px 16px"}) for n in range(count)]
    return rx.el.div(*lines, custom_attrs={"aria-busy": "true"})


def copy_button(value: Any, label: str = "") -> rx.Component:
    """Puts a text on the clipboard and says so."""
    return button(icon("copy", "sm"), kind="ghost", size="sm", label=label or t("copy"), on_click=[rx.set_clipboard(value), rx.toast("Copied", duration=1500)])
