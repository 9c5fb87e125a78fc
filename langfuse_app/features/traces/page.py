"""The traces table, and the set-up screen of a project that has none yet."""

from typing import Any

import reflex as rx

from langfuse_app.features.accounts.state import AppState, who
from langfuse_app.features.traces.components import setup
from langfuse_app.features.traces.state import SIZES, TraceRow, TracesState
from langfuse_app.ui import ranges
from langfuse_app.ui.elements import button, empty, failure, icon, menu, menu_item, skeleton_rows
from langfuse_app.ui.shell import ENTRIES, NavEntry, crumb, shell
from langfuse_app.ui.text import t

ENTRIES.append(NavEntry(t("tracing"), "list-tree", "/traces", "Observability", order=10))
S = TracesState
_WIDTHS = {"star": 34, "time": 128, "name": 150, "levels": 84, "latency": 112, "tokens": 132, "cost": 84, "user": 104, "session": 104, "env": 104, "tags": 150}


def _sortable(label: str, column: str, **attributes: Any) -> rx.Component:
    here = S.sort == column
    arrow = rx.cond(here, rx.cond(S.descending, icon("arrow-down", "xs"), icon("arrow-up", "xs")))
    aria = rx.cond(here, rx.cond(S.descending, "descending", "ascending"), None)
    return rx.el.th(rx.el.button(label, arrow, class_name="lf-sort", type="button", on_click=S.order(column)), custom_attrs={"aria-sort": aria, **attributes})


def _head() -> rx.Component:
    number = {"data-num": ""}
    return rx.el.thead(
        rx.el.tr(
            rx.el.th(""), _sortable("Timestamp", "timestamp"), _sortable("Name", "name"), rx.el.th("Input"), rx.el.th("Output"), rx.el.th("Levels"),
            rx.el.th("Latency", custom_attrs=number), rx.el.th("Tokens", custom_attrs=number), rx.el.th("Total cost", custom_attrs=number),
            _sortable("User", "userId"), _sortable("Session", "sessionId"), rx.el.th("Environment"), rx.el.th("Tags"),
        )
    )  # fmt: skip


def _levels(row: rx.Var[TraceRow]) -> rx.Component:
    return rx.el.td(
        rx.cond(row["errors"], rx.el.span(icon("circle-x", "sm"), row["errors"], class_name="lf-level", title="Errors", custom_attrs={"data-level": "error"})),
        rx.cond(row["warnings"], rx.el.span(icon("triangle-alert", "sm"), row["warnings"], class_name="lf-level", title="Warnings", custom_attrs={"data-level": "warning"})),
    )  # fmt: skip


def _clip(value: Any, cls: str = "lf-2") -> rx.Component:
    return rx.el.td(rx.el.div(value, class_name="lf-clip"), class_name=cls)


def _line(row: rx.Var[TraceRow]) -> rx.Component:
    star = rx.el.button(icon("star", "sm"), class_name="lf-star", type="button", title="Bookmark", on_click=S.star(row["id"], ~row["starred"]),
                        custom_attrs={"aria-pressed": rx.cond(row["starred"], "true", "false"), "aria-label": "Bookmark"})  # fmt: skip
    return rx.el.tr(
        rx.el.td(star),
        rx.el.td(row["time"], rx.el.span(" ", row["age"], class_name="lf-3"), class_name="lf-num", title=row["title"], custom_attrs={"data-m": "b"}),
        rx.el.td(rx.el.a(row["name"], href=row["href"], class_name="lf-strong lf-clip", style={"display": "block"}), custom_attrs={"data-m": "a"}),
        rx.el.td(rx.el.div(row["input"], class_name="lf-clip"), class_name="lf-io", custom_attrs={"data-m": "c"}),
        rx.el.td(rx.el.div(row["output"], class_name="lf-clip"), class_name="lf-io"),
        _levels(row),
        rx.el.td(rx.el.span(rx.el.i(), rx.el.span(row["latency"]), class_name="lf-lat", style={"--p": row["bar"]}, custom_attrs={"data-slow": rx.cond(row["slow"], "", None)}), custom_attrs={"data-num": "", "data-m": "d"}),
        rx.el.td(rx.cond(row["given"], rx.el.span(row["given"], rx.el.i("→"), row["made"], class_name="lf-tok"), rx.el.span("—", class_name="lf-3")), custom_attrs={"data-num": ""}),
        rx.el.td(row["cost"], custom_attrs={"data-num": "", "data-m": "e"}),
        _clip(row["user"]),
        _clip(row["session"]),
        rx.el.td(rx.el.span(row["environment"], class_name="lf-env", custom_attrs={"data-env": row["environment"]})),
        rx.el.td(rx.foreach(row["tags"], lambda tag: rx.el.span(tag, class_name="lf-tag")), rx.cond(row["more"], rx.el.span(row["more"], class_name="lf-3"))),
        custom_attrs={"data-level": row["level"], "data-new": rx.cond(row["fresh"], "", None)},
    )  # fmt: skip


def _table() -> rx.Component:
    columns = [rx.el.col(style={"width": f"{_WIDTHS[name]}px"} if name in _WIDTHS else {}) for name in ("star", "time", "name", "input", "output", "levels", "latency", "tokens", "cost", "user", "session", "env", "tags")]
    return rx.el.div(
        rx.el.table(
            rx.el.colgroup(*columns), _head(), rx.el.tbody(rx.foreach(S.rows, _line)),
            class_name="lf-table", style={"min_width": "1420px", "table_layout": "fixed"}, custom_attrs={"data-cards": "", "data-rows": S.density},
        ),
        class_name="lf-tablewrap", id="traces",
    )  # fmt: skip


def _volume() -> rx.Component:
    def bar(bucket: Any) -> rx.Component:
        return rx.el.i(rx.el.s(style={"--e": bucket["errors"]}), rx.el.b(style={"--h": bucket["height"]}), title=bucket["title"])

    return rx.el.div(
        rx.el.div(rx.foreach(S.buckets, bar), class_name="lf-bars"),
        rx.el.div(rx.foreach(S.axis, lambda label: rx.el.span(label)), class_name="lf-volume-axis"),
        class_name="lf-volume lf-only-wide", custom_attrs={"aria-label": "Traces over time"},
    )  # fmt: skip


def _toolbar() -> rx.Component:
    choices = [menu_item(label, on_click=S.pick_range(word), role="menuitemradio", custom_attrs={"aria-checked": rx.cond(S.range == word, "true", "false")}) for word, (label, _) in ranges.RANGES.items()]
    return rx.el.div(
        rx.el.div(
            icon("search", "sm"),
            rx.debounce_input(
                rx.el.input(value=S.q, on_change=S.search, placeholder=t("traces.search"), custom_attrs={"aria-label": t("traces.search"), "data-search": ""}),
                debounce_timeout=220,
            ),
            rx.el.span("/", class_name="lf-kbd"),
            class_name="lf-search",
        ),
        menu(rx.el.span(icon("clock", "sm"), S.range_label, icon("chevron-down", "xs"), class_name="lf-btn"), *choices, align="right"),
        button(icon("rows-3"), label="Row height", on_click=S.pick_density, custom_attrs={"aria-pressed": rx.cond(S.density == "m", "true", "false")}),
        class_name="lf-toolbar",
    )  # fmt: skip


def _pager() -> rx.Component:
    sizes = [menu_item(str(size), on_click=S.pick_size(size), role="menuitemradio", custom_attrs={"aria-checked": rx.cond(S.size == size, "true", "false")}) for size in SIZES]
    return rx.el.footer(
        rx.el.span(rx.el.b(f"{S.first}–{S.last}", class_name="lf-strong lf-num"), " of ", rx.el.span(S.total.to_string(), class_name="lf-num", id="total")),
        rx.cond(S.waiting > 0, button(f"{S.waiting} new", size="sm", on_click=S.go(1))),
        rx.el.span(class_name="ml-auto"),
        rx.el.span(menu(rx.el.span(rx.el.span("Rows", class_name="lf-key"), S.size.to_string(), icon("chevron-down", "xs"), class_name="lf-btn", custom_attrs={"data-size": "sm"}), *sizes, align="right", width="90px"), class_name="lf-only-wide lf-up"),
        button(icon("chevron-left"), size="sm", label=t("previous"), disabled=S.page <= 1, on_click=S.go(S.page - 1), id="previous-page"),
        rx.el.span(f"{S.page} / {S.pages}", class_name="lf-num"),
        button(icon("chevron-right"), size="sm", label=t("next"), disabled=S.page >= S.pages, on_click=S.go(S.page + 1), id="next-page"),
        class_name="lf-pager",
    )  # fmt: skip


def _list(*content: Any) -> rx.Component:
    return rx.el.div(_toolbar(), *content, class_name="flex flex-col flex-1 min-h-0")


def _body() -> rx.Component:
    none = empty("search-x", t("traces.none"), t("traces.none.why"), button(t("traces.clear"), on_click=S.clear))
    return rx.match(
        S.status,
        ("ready", _list(_volume(), _table(), _pager())),
        ("empty", _list(none)),
        ("setup", setup(S.project_name)),
        ("error", _list(failure(S.problem, S.load))),
        ("missing", empty("circle-off", t("not_found"), t("not_found.why"))),
        _list(skeleton_rows()),
    )


@rx.page(route="/project/[project_id]/traces", title=f"{t('tracing')} · {t('app')}", on_load=[AppState.enter, TracesState.load])
def traces() -> rx.Component:
    """Newest first; the eye finds the bad rows."""
    live = rx.el.span(rx.el.span(class_name="lf-live"), t("live"), class_name="lf-3 inline-flex items-center gap-2 lf-only-wide", style={"font_size": "12px"})
    beat = rx.el.button(id="lf-beat", type="button", class_name="lf-vh", tab_index=-1, on_click=S.beat, custom_attrs={"aria-hidden": "true"})
    return shell(who(), _body(), beat, crumbs=[crumb(t("tracing"))], actions=[live])
