"""The frame of every page of a project: sidebar (a rail where room is dear, a drawer where it is narrow), breadcrumb, palette."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex.style import set_color_mode

from langfuse_app import __version__
from langfuse_app.ui.elements import attributes, button, icon, sprite
from langfuse_app.ui.navigation import NavEntry, entries
from langfuse_app.ui.overlay import choices, menu_button, menu_label, menu_link, menu_separator, opens, popover
from langfuse_app.ui.text import t


@dataclass(frozen=True)
class Who:
    """The vars that the frame shows and the events it fires; the base state provides them."""

    name: Any
    email: Any
    initials: Any
    org: Any
    project: Any
    base: Any  # /project/<id>
    path: Any  # current path
    projects: Any  # list of Choice
    side: Any  # "rail" or ""
    toggle_side: Any
    found: Any  # lines of the palette
    find: Any


def logo(size: int = 20) -> rx.Component:
    """The mark: three spans of a trace."""
    spans = [rx.el.i(style={"width": width, "margin_left": left}) for width, left in (("60%", "0"), ("100%", "0"), ("60%", "40%"))]
    return rx.el.span(*spans, class_name="lf-mark", style={"--s": f"{size}px"}, custom_attrs={"aria-hidden": "true"})


def brand() -> rx.Component:
    """Mark and name, for pages without a frame."""
    return rx.el.div(
        logo(28), rx.el.b(t("app"), style={"font_size": "15px"}), class_name="flex items-center gap-2", style={"margin_bottom": "22px"}
    )


def theme_button() -> rx.Component:
    """Light or dark, for pages without a frame."""
    return rx.el.button(
        icon("sun-moon"), type="button", title=t("theme"), on_click=rx.toggle_color_mode, custom_attrs={"aria-label": t("theme")}
    )


def _nav_item(entry: NavEntry, who: Who) -> rx.Component:
    href = who.base + entry.path
    current = {"aria-current": rx.cond(who.path.startswith(href), "page", None)}
    return rx.el.a(icon(entry.icon), rx.el.span(entry.label), href=href, title=entry.label, class_name="lf-nav-item", custom_attrs=current)


def _nav(who: Who) -> list[rx.Component]:
    parts: list[rx.Component] = []
    for group, members in entries().items():
        if group:
            parts.append(rx.el.div(group, class_name="lf-nav-group"))
        parts.append(rx.el.div(*[_nav_item(entry, who) for entry in members], class_name="lf-nav"))
    return parts


def _sidebar(who: Who, where: str) -> rx.Component:
    """The navigation; `where` keeps ids apart, because the drawer holds it a second time."""
    user = rx.el.button(
        rx.el.span(who.initials, class_name="lf-avatar"), rx.el.span(who.name, class_name="lf-clip"),
        type="button", class_name="lf-user", title=who.email, custom_attrs=opens(f"lf-user-{where}"),
    )  # fmt: skip
    return rx.el.nav(
        rx.el.a(logo(), rx.el.span(t("app")), rx.el.span(__version__, class_name="lf-ver"), href="/?all=1", class_name="lf-brand"),
        rx.el.button(
            icon("search"), rx.el.span(t("go_to")), rx.el.span("⌘K", class_name="lf-kbd"),
            type="button", class_name="lf-goto", title=t("go_to"), custom_attrs={"data-opens": "lf-palette", "data-key": "mod+k" if where == "side" else ""},
        ),
        *_nav(who),
        rx.el.div(
            *[_nav_item(entry, who) for entry in entries(foot=True).get("", [])],
            user, popover(f"lf-user-{where}", *_user_menu(who), class_name="lf-menu lf-float-up"),
            class_name="lf-side-foot",
        ),
        class_name="lf-side", custom_attrs={"aria-label": t("main")},
    )  # fmt: skip


def _user_menu(who: Who) -> list[rx.Component]:
    modes = (("light", "sun"), ("dark", "moon"), ("system", "monitor"))
    return [
        menu_label(who.email),
        menu_separator(),
        *[menu_button(icon(symbol), t(mode), chosen=rx.color_mode == mode, on_click=set_color_mode(mode)) for mode, symbol in modes],  # pyright: ignore[reportArgumentType] - three literals
        menu_separator(),
        menu_button(icon("panel-left"), t("narrow_sidebar"), on_click=who.toggle_side),
        menu_link(icon("layout-grid"), t("projects.all"), href="/?all=1"),
        rx.el.a(icon("log-out"), t("sign_out"), href="/api/auth/sign-out", reload_document=True, class_name="lf-menu-item"),
    ]


def _palette(who: Who) -> rx.Component:
    """Places and traces, found while one types; a native dialog, so that focus is trapped and Escape closes."""

    def line(one: Any) -> rx.Component:
        symbol = rx.match(one["kind"], ("trace", icon("list-tree")), ("project", icon("folder")), icon("arrow-right"))
        words = rx.el.span(one["label"], class_name="lf-clip"), rx.el.span(one["hint"], class_name="lf-3 lf-end lf-clip")
        return rx.el.a(symbol, *words, href=one["href"], class_name="lf-menu-item", role="option")

    def key(sign: str) -> rx.Component:
        return rx.el.span(sign, class_name="lf-kbd")

    return rx.el.dialog(
        rx.el.div(
            icon("search"),
            rx.el.input(placeholder=t("palette"), on_change=who.find.debounce(140), on_focus=who.find(""), auto_complete="off", custom_attrs={"aria-label": t("go_to")}),
            key("Esc"), class_name="lf-palette-in",
        ),
        rx.el.div(rx.cond(who.found.length() > 0, rx.foreach(who.found, line), rx.el.p(t("palette.none"), class_name="lf-3 p-4")), class_name="lf-palette-list", role="listbox"),
        rx.el.div(rx.el.span(key("↑"), key("↓"), t("palette.move")), rx.el.span(key("↵"), t("palette.open")), class_name="lf-palette-foot"),
        id="lf-palette", class_name="lf-palette lf-modal",
    )  # fmt: skip


def crumb(label: Any, href: Any = None) -> rx.Component:
    """One step of the breadcrumb; the last one has no address."""
    if href is None:
        return rx.el.span(label, class_name="lf-crumb lf-clip", custom_attrs={"aria-current": "page"})
    return rx.el.a(label, href=href, class_name="lf-crumb")


def _crumbs(who: Who, own: list[Any]) -> rx.Component:
    wide, slash = "lf-crumb lf-only-wide", rx.el.span("/", class_name="lf-crumb-sep lf-only-wide")
    switch = rx.el.button(who.project, icon("chevrons-up-down", "xs"), type="button", class_name=wide, custom_attrs=opens("lf-projects"))
    menu = popover(
        "lf-projects",
        menu_label(t("projects")),
        choices(who.projects),
        menu_separator(),
        menu_link(icon("layout-grid"), t("projects.all"), href="/?all=1"),
        class_name="lf-menu",
    )
    here = rx.cond(who.project, rx.fragment(rx.el.a(who.org, href="/?all=1", class_name=wide), slash, switch, slash))
    steps: list[Any] = [here, menu, own[0]]
    for step in own[1:]:
        steps += [rx.el.span("/", class_name="lf-crumb-sep"), step]
    return rx.el.nav(*steps, class_name="lf-crumbs", custom_attrs={"aria-label": t("breadcrumb")})


def shell(who: Who, *content: Any, crumbs: list[Any], actions: list[Any] | None = None, rail: bool = False) -> rx.Component:
    """The whole page; rail: the sidebar is narrow on this page."""
    header = rx.el.header(
        button(icon("menu"), kind="ghost", label=t("menu"), class_name="lf-only-narrow", custom_attrs=opens("lf-drawer")),
        _crumbs(who, crumbs),
        rx.el.div(*(actions or []), class_name="flex items-center gap-1.5 ml-auto shrink-0"),
        class_name="lf-header",
    )
    # pressed by a key only, so it lies outside of the picture and not out of the page
    narrow = rx.el.button(
        on_click=who.toggle_side, type="button", class_name="lf-vh", tab_index=-1, custom_attrs={"data-key": "mod+b", "aria-hidden": "true"}
    )
    return rx.el.div(
        _sidebar(who, "side"),
        rx.el.main(header, *content, class_name="lf-main"),
        rx.el.div(_sidebar(who, "drawer"), id="lf-drawer", class_name="lf-drawer", custom_attrs=attributes(popover="auto")),
        _palette(who), sprite(), narrow,
        class_name="lf-shell", custom_attrs={"data-side": "rail" if rail else who.side},
    )  # fmt: skip
