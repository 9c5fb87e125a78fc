"""What every page of a project has: its address, its place in the navigation, its frame."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState, who
from langfuse_app.ui import navigation
from langfuse_app.ui.elements import failure, not_found
from langfuse_app.ui.navigation import NavEntry
from langfuse_app.ui.shell import crumb, shell
from langfuse_app.ui.text import t

Page = Callable[[], rx.Component]


def project_page(path: str, *, title: str, on_load: Any, nav: NavEntry | None = None) -> Callable[[Page], Page]:
    """Register a page below /project/[project_id]; `nav` puts it into the sidebar and the palette."""
    if nav is not None:
        navigation.add(nav)
    loads = on_load if isinstance(on_load, list) else [on_load]
    return rx.page(route=f"/project/[project_id]{path}", title=f"{title} · {t('app')}", on_load=[AppState.enter, *loads])


def frame(
    *content: Any,
    title: Any,
    reload: Any,
    toolbar: Any = None,
    crumbs: list[Any] | None = None,
    actions: list[Any] | None = None,
    rail: bool = False,
) -> rx.Component:
    """The page around its content. In place of the content: that there is nothing here, or what failed and a retry.

    crumbs: the steps before the title; the toolbar stays when loading failed, so that one can ask for less.
    """
    bar = [rx.cond(AppState.refusal != "missing", toolbar)] if toolbar is not None else []
    shown = rx.match(
        AppState.refusal,
        ("", rx.fragment(*content)),
        ("missing", not_found()),
        failure(AppState.refusal, [AppState.enter, reload]),
    )
    return shell(
        who(), *bar, shown, crumbs=[*(crumbs or []), title if isinstance(title, rx.Component) else crumb(title)], actions=actions, rail=rail
    )
