"""Server-paged tables with their toolbar and pager. Everything they lead to is an address, so the URL is the truth."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from langfuse_app.ui.elements import attributes, button, icon, link_button, skeleton_rows
from langfuse_app.ui.overlay import choices, menu_label, menu_separator, opens, popover
from langfuse_app.ui.text import t


@dataclass(frozen=True, slots=True)
class Column:
    """One column. cell: the name of a field of the row, or from a row to what stands in the cell.

    width: CSS, '' shares the rest. sort: the name it is ordered by. numeric aligns right. quiet is for what matters less.
    narrow: place in the card of small screens: a title, b time, c text, d and e below; '' leaves it out there.
    """

    label: str
    cell: Callable[[Any], Any] | str
    width: str = ""
    sort: str = ""
    numeric: bool = False
    quiet: bool = False
    narrow: str = ""
    class_name: str = ""
    title: Callable[[Any], Any] | None = None
    control: bool = False


def table(
    rows: Any,
    columns: list[Column],
    view: Any,
    *,
    row: Callable[[Any], dict[str, Any]] | None = None,
    min_width: str = "",
    density: Any = "s",
) -> rx.Component:
    """The table of a list. row: from a row to more properties of its line, such as on_click or custom_attrs."""

    def line(one: Any) -> rx.Component:
        return rx.el.tr(*[_cell(column, one) for column in columns], **(row(one) if row else {}))

    return rx.el.div(
        rx.el.table(
            rx.el.colgroup(*[rx.el.col(style={"width": column.width} if column.width else {}) for column in columns]),
            rx.el.thead(rx.el.tr(*[_head(column, view) for column in columns])),
            rx.el.tbody(rx.foreach(rows, line)),
            class_name="lf-table", style={"min_width": min_width} if min_width else {}, custom_attrs={"data-cards": "", "data-rows": density},
        ),
        class_name="lf-tablewrap",
    )  # fmt: skip


def _head(column: Column, view: Any) -> rx.Component:
    marks = attributes(data_num="" if column.numeric else None, data_ctl="" if column.control else None)
    if not column.sort:
        return rx.el.th(column.label, custom_attrs=marks)
    here = view.sort == column.sort
    arrow = rx.cond(here, rx.cond(view.direction == "descending", icon("arrow-down", "xs"), icon("arrow-up", "xs")))
    link = rx.el.a(column.label, arrow, href=view.sorts[column.sort], class_name="lf-sort")
    return rx.el.th(link, custom_attrs=marks | {"aria-sort": rx.cond(here, view.direction, None)})


def _cell(column: Column, one: Any) -> rx.Component:
    content = one[column.cell] if isinstance(column.cell, str) else column.cell(one)
    marks = attributes(
        data_num="" if column.numeric else None,
        data_ctl="" if column.control else None,
        data_quiet="" if column.quiet else None,
        data_m=column.narrow or None,
    )
    title = {"title": column.title(one)} if column.title else {}
    return rx.el.td(content, class_name=column.class_name, custom_attrs=marks, **title)


def listing(view: Any, none: Any, *content: Any) -> Any:
    """The content of a list, or why there is none. Old rows stay while new ones are fetched."""
    return rx.match(view.status, ("loading", skeleton_rows()), ("none", none), rx.fragment(*content))


def pager(view: Any, *extra: Any) -> rx.Component:
    """Where we are, how many there are, and the way on."""
    size = rx.el.button(
        rx.el.span(t("rows"), class_name="lf-key"), rx.el.span(view.size, class_name="lf-val"), icon("chevron-down", "xs"),
        type="button", class_name="lf-select lf-only-wide", custom_attrs=opens("lf-sizes"),
    )  # fmt: skip
    return rx.el.footer(
        rx.el.span(
            rx.el.b(view.shown, class_name="lf-strong lf-num"), f" {t('of')} ", rx.el.span(view.total, class_name="lf-num", id="lf-total")
        ),
        *extra,
        rx.el.span(class_name="ml-auto"),
        size,
        popover("lf-sizes", choices(view.sizes), end=True, class_name="lf-menu lf-menu-narrow"),
        link_button(icon("chevron-left"), href=view.previous, label=t("previous"), custom_attrs={"id": "previous-page"}),
        link_button(icon("chevron-right"), href=view.next, label=t("next"), custom_attrs={"id": "next-page"}),
        class_name="lf-pager",
    )


def search(view: Any, on_change: Any, hint: str, *tokens: Any) -> rx.Component:
    """The search field. It keeps what is typed; only another address gives it another text."""
    field = rx.el.input(
        default_value=view.search, key=view.search_key, placeholder=hint, auto_complete="off", spell_check=False,
        on_change=on_change.debounce(220), custom_attrs={"aria-label": hint, "data-search": ""},
    )  # fmt: skip
    return rx.el.div(icon("search", "sm"), *tokens, field, rx.el.span("/", class_name="lf-kbd lf-only-wide"), class_name="lf-search")


def time_range(view: Any, on_range: Any) -> rx.Component:
    """The time range: usual ones, or two ends in the viewer's zone."""

    def end(name: str) -> rx.Component:
        field = rx.el.input(type="datetime-local", name=name, id=f"lf-range-{name}", class_name="lf-input")
        return rx.el.div(rx.el.label(t(f"range.{name}"), html_for=f"lf-range-{name}"), field, class_name="lf-field")

    own = rx.el.form(end("from"), end("to"), button(t("apply"), type="submit", size="sm"), on_submit=on_range, class_name="lf-range-form")
    trigger = rx.el.button(
        icon("clock"), rx.el.span(view.range_label, class_name="lf-val"), icon("chevron-down", "xs"),
        type="button", class_name="lf-select", id="range", custom_attrs=opens("lf-range"),
    )  # fmt: skip
    return rx.fragment(
        trigger,
        popover("lf-range", choices(view.ranges), menu_separator(), menu_label(t("range.own")), own, end=True, class_name="lf-menu"),
    )
