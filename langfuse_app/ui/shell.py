"""The frame of every page of a project: sidebar, breadcrumb, actions; a rail where space is dear, a drawer where it is narrow."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from langfuse_app import __version__
from langfuse_app.ui.elements import button, icon
from langfuse_app.ui.text import t

# Runs before the socket opens: the viewer's zone goes into a cookie that the handshake carries. Then the keys, menus that
# close by a click elsewhere, the drawer, and a beat that asks visible pages to look for new rows.
SCRIPT = """
document.cookie='lf_tz='+encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone)+';path=/;samesite=lax;max-age=31536000';
document.addEventListener('click',e=>{document.querySelectorAll('details.lf-drop[open]').forEach(d=>{if(!d.contains(e.target)||e.target.closest('.lf-menu-item'))d.open=false});
 const m=e.target.closest('[data-drawer]');if(m)document.documentElement.classList.toggle('lf-drawer-open');else if(!e.target.closest('.lf-side')||e.target.closest('a'))document.documentElement.classList.remove('lf-drawer-open')});
document.addEventListener('keydown',e=>{const typing=/INPUT|TEXTAREA|SELECT/.test(e.target.tagName);
 if((e.metaKey||e.ctrlKey)&&e.key==='k'){e.preventDefault();document.getElementById('lf-goto')?.click();return}
 if((e.metaKey||e.ctrlKey)&&e.key==='b'){e.preventDefault();const s=document.querySelector('.lf-shell');if(s)s.dataset.side=s.dataset.side==='rail'?'':'rail';return}
 if(typing){if(e.key==='Escape')e.target.blur();return}
 if(e.key==='/'){const s=document.querySelector('[data-search]');if(s){e.preventDefault();s.focus()}}
 const jump={j:'lf-next',k:'lf-previous',ArrowDown:'lf-down',ArrowUp:'lf-up',ArrowLeft:'lf-left',ArrowRight:'lf-right',Escape:'lf-escape'}[e.key];
 const b=jump&&document.getElementById(jump);if(b&&!e.metaKey&&!e.ctrlKey){e.preventDefault();b.click()}});
setInterval(()=>{if(!document.hidden)document.getElementById('lf-beat')?.click()},3000);
"""


@dataclass(frozen=True)
class NavEntry:
    """A place in the sidebar. `path` is below /project/<id>; entries of one group stand together, by `order`."""

    label: str
    icon: str
    path: str
    group: str = ""
    order: int = 100
    foot: bool = False


ENTRIES: list[NavEntry] = []  # pages add theirs when they are imported; langfuse_app.py imports every page


@dataclass(frozen=True)
class Who:
    """The vars that the frame shows; the base state provides them."""

    name: Any
    initials: Any
    org: Any
    project: Any
    base: Any  # /project/<id>
    path: Any  # current path


def _nav_item(entry: NavEntry, who: Who) -> rx.Component:
    href = who.base + entry.path
    here = who.path.startswith(href) if entry.path else who.path == who.base
    return rx.el.a(
        icon(entry.icon), rx.el.span(entry.label), href=href, title=entry.label, class_name="lf-nav-item",
        custom_attrs={"aria-current": rx.cond(here, "page", None)},
    )  # fmt: skip


def _groups(who: Who) -> list[rx.Component]:
    parts: list[rx.Component] = []
    main = sorted((entry for entry in ENTRIES if not entry.foot), key=lambda entry: (entry.order, entry.label))
    for group in dict.fromkeys(entry.group for entry in main):
        if group:
            parts.append(rx.el.div(group, class_name="lf-nav-group"))
        parts.append(rx.el.div(*[_nav_item(entry, who) for entry in main if entry.group == group], class_name="lf-nav"))
    return parts


def logo() -> rx.Component:
    """The mark: three spans of a trace."""
    return rx.el.span(rx.el.i(), rx.el.i(), rx.el.i(), class_name="lf-logo lf-mark", custom_attrs={"aria-hidden": "true"})


def _sidebar(who: Who) -> rx.Component:
    feet = [_nav_item(entry, who) for entry in sorted(ENTRIES, key=lambda entry: entry.order) if entry.foot]
    return rx.el.nav(
        rx.el.a(logo(), rx.el.span(t("app")), rx.el.span(__version__, class_name="lf-ver"), href="/", class_name="lf-brand"),
        rx.el.button(icon("search", "sm"), rx.el.span(t("go_to")), rx.el.span("⌘K", class_name="lf-kbd"), id="lf-goto", class_name="lf-goto",
                     type="button", on_click=rx.run_script("(document.getElementById('lf-palette')?.showModal(),document.getElementById('lf-palette-input')?.focus())")),
        *_groups(who),
        rx.el.div(
            *feet,
            rx.el.button(rx.el.span(who.initials, class_name="lf-avatar"), rx.el.span(who.name, class_name="lf-clip"), icon("sun-moon", "sm"),
                         class_name="lf-user", type="button", title=t("theme"), on_click=rx.toggle_color_mode),
            rx.el.a(icon("log-out"), rx.el.span(t("sign_out")), href="/api/auth/sign-out", class_name="lf-nav-item", custom_attrs={"data-native": ""}, reload_document=True),
            class_name="lf-side-foot",
        ),
        class_name="lf-side", custom_attrs={"aria-label": "Main"},
    )  # fmt: skip


def _palette(who: Who) -> rx.Component:
    """Places, filtered as one types; a native dialog, so that focus is trapped and Escape closes."""
    rows = [
        rx.el.a(icon(entry.icon), rx.el.span(entry.label), href=who.base + entry.path, class_name="lf-menu-item", role="option",
                on_click=rx.run_script("document.getElementById('lf-palette').close()"))
        for entry in sorted(ENTRIES, key=lambda entry: entry.order)
    ]  # fmt: skip
    rows.append(rx.el.a(icon("layout-grid"), rx.el.span(t("projects")), href="/", class_name="lf-menu-item", role="option"))
    search = (
        "(v=>document.querySelectorAll('#lf-palette .lf-menu-item').forEach(r=>r.hidden=!r.textContent.toLowerCase().includes(v.toLowerCase())))"
        "(document.getElementById('lf-palette-input').value)"
    )
    return rx.el.dialog(
        rx.el.div(icon("search"), rx.el.input(id="lf-palette-input", placeholder=t("go_to"), on_change=rx.run_script(search), custom_attrs={"aria-label": t("go_to")}), class_name="lf-palette-in"),
        rx.el.div(*rows, class_name="lf-palette-list", role="listbox"),
        id="lf-palette", class_name="lf-palette lf-modal",
    )  # fmt: skip


def crumb(label: Any, href: Any = None, *, wide: bool = False) -> rx.Component:
    """One step of the breadcrumb; the last one has no address."""
    classes = "lf-crumb lf-only-wide" if wide else "lf-crumb"
    if href is None:
        return rx.el.span(label, class_name=classes + " lf-clip", custom_attrs={"aria-current": "page"})
    return rx.el.a(label, href=href, class_name=classes)


def _header(who: Who, crumbs: list[Any], actions: list[Any]) -> rx.Component:
    steps: list[Any] = [crumb(who.org, "/", wide=True), crumb(who.project, who.base + "/traces", wide=True), *crumbs]
    joined: list[Any] = []
    for number, step in enumerate(steps):
        if number:
            joined.append(rx.el.span("/", class_name="lf-crumb-sep lf-only-wide" if number < 3 else "lf-crumb-sep"))
        joined.append(step)
    return rx.el.header(
        button(icon("menu"), kind="ghost", label=t("menu"), class_name="lf-only-narrow", custom_attrs={"data-drawer": ""}),
        rx.el.nav(*joined, class_name="lf-crumbs", custom_attrs={"aria-label": "Breadcrumb"}),
        rx.el.div(*actions, class_name="flex items-center gap-1.5 ml-auto shrink-0"),
        class_name="lf-header",
    )


def shell(who: Who, *content: Any, crumbs: list[Any], actions: list[Any] | None = None, rail: bool = False) -> rx.Component:
    """The whole page."""
    return rx.el.div(
        _sidebar(who),
        rx.el.main(_header(who, crumbs, actions or []), *content, class_name="lf-main"),
        _palette(who),
        class_name="lf-shell", custom_attrs={"data-side": "rail" if rail else ""},
    )  # fmt: skip
