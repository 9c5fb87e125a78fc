"""Small parts that every page uses: icons, buttons, menus, badges, empty and error states."""

from typing import Any

import reflex as rx

from langfuse_app.ui.text import t

TYPE_ICONS = {
    "TRACE": "list-tree",
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


# Icons that HTML made in Python refers to by `#lf-i-<name>`; `sprite` puts them into the page.
_SPRITE = {
    "settings": "settings",
    "user": "user",
    "sparkle": "sparkle",
    "wrench": "wrench",
    "message": "message-square",
    "chevron": "chevron-down",
}


def attributes(**values: Any) -> dict[str, Any]:
    """data-* and aria-* attributes: `data_key="j"` becomes `data-key`; None leaves one out."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


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
    return rx.el.button(
        *children, class_name=f"lf-btn {props.pop('class_name', '')}", type=props.pop("type", "button"), custom_attrs=attributes, **props
    )


def type_icon(kind: Any, size: str = "") -> rx.Component:
    """Icon and colour of an observation type, always together."""
    cases = [(name, icon(symbol, "xs")) for name, symbol in TYPE_ICONS.items()]
    return rx.el.span(
        rx.match(kind, *cases, icon("align-left", "xs")),
        class_name="lf-type",
        title=kind,
        custom_attrs={"data-type": kind, "data-size": size},
    )


def sprite() -> rx.Component:
    """The icons of payloads; once per page."""
    return rx.el.div(*[rx.icon(name, id=f"lf-i-{id}") for id, name in _SPRITE.items()], style={"display": "none"})


def link_button(*children: Any, href: Any, kind: str = "", size: str = "", label: str = "", key: str = "", **props: Any) -> rx.Component:
    """A link that looks like a button; without an address it is disabled. key presses it."""
    shown = attributes(data_kind=kind or None, data_size=size or None, data_key=key or None, aria_disabled=rx.cond(href, "false", "true"))
    if label:
        shown |= {"data-icon": "", "aria-label": label, "title": f"{label} ({key.upper()})" if key else label}
    return rx.el.a(
        *children,
        href=href,
        class_name=f"lf-btn {props.pop('class_name', '')}",
        custom_attrs=shown | props.pop("custom_attrs", {}),
        **props,
    )


def tags(names: Any, more: Any) -> rx.Component:
    """At most two tags in a cell, then how many more there are."""

    def one(name: Any) -> rx.Component:
        return rx.el.span(name, class_name="lf-tag")

    return rx.fragment(rx.foreach(names, one), rx.cond(more, rx.el.span(more, class_name="lf-3 lf-more")))


def level(kind: str, count: Any, title: Any) -> Any:
    """How many observations of a level there are; shown only where there are some."""
    symbol = {"error": "circle-x", "warning": "triangle-alert"}[kind]
    return rx.cond(count, rx.el.span(icon(symbol, "sm"), count, class_name="lf-level", title=title, custom_attrs={"data-level": kind}))


def environment(name: Any) -> rx.Component:
    """An environment with its dot."""
    return rx.el.span(name, class_name="lf-env", custom_attrs={"data-env": name})


def not_found() -> rx.Component:
    """For what is not there, and for what belongs to others: the same."""
    home = link_button(t("projects.all"), href="/?all=1", size="sm")
    return rx.el.div(empty("circle-off", t("not_found"), t("not_found.why"), home), class_name="lf-centre")


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
    return rx.el.div(
        empty("triangle-alert", t("failed"), message, button(t("retry"), size="sm", on_click=retry)), class_name="lf-centre", role="alert"
    )


def skeleton_rows(count: int = 14) -> rx.Component:
    """The shape of a table that is still on its way; it shows itself only where that takes a moment."""
    widths = ("9%", "14%", "26%", "22%", "8%", "10%")
    lines = [
        rx.el.div(*[rx.el.div(class_name="lf-skel", style={"width": width}) for width in widths], class_name="lf-skelrow", style={"opacity": f"{1 - n / (count + 2):.2f}"})
        for n in range(count)
    ]  # fmt: skip
    return rx.el.div(*lines, class_name="lf-late", custom_attrs={"aria-busy": "true"})


def copy_button(value: Any, label: str = "") -> rx.Component:
    """Puts a text on the clipboard and says so."""
    return button(
        icon("copy", "sm"),
        kind="ghost",
        size="sm",
        label=label or t("copy"),
        on_click=[rx.set_clipboard(value), rx.toast(t("copied"), duration=1500)],
    )
