"""The traces table, a trace beside it, and the set-up screen of a project that has none yet."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from langfuse_app.features.projects.components import frame, project_page
from langfuse_app.features.traces.components import SetupState, setup
from langfuse_app.features.traces.peek_components import peek
from langfuse_app.features.traces.state import TracesState
from langfuse_app.features.traces.trace_state import TraceState
from langfuse_app.ui.client import SCROLLED
from langfuse_app.ui.elements import button, empty, environment, icon, level, link_button, tags
from langfuse_app.ui.navigation import OBSERVABILITY, NavEntry
from langfuse_app.ui.table import Column, listing, pager, search, table, time_range
from langfuse_app.ui.text import t

S: Any = TracesState  # on a page its attributes are Reflex vars, which the type of their values does not tell


def _star(row: Any) -> rx.Component:
    pressed = {"aria-pressed": rx.cond(row["starred"], "true", "false"), "aria-label": t("bookmark")}
    return rx.el.button(
        icon("star", "sm"),
        type="button",
        class_name="lf-star",
        on_click=S.star(row["id"], ~row["starred"]).stop_propagation,
        custom_attrs=pressed,
    )


def _levels(row: Any) -> rx.Component:
    return rx.fragment(
        level("error", row["errors"], t("errors", count=row["errors"])),
        level("warning", row["warnings"], t("warnings", count=row["warnings"])),
    )


def _latency(row: Any) -> rx.Component:
    return rx.el.span(
        rx.el.i(),
        rx.el.span(row["latency"]),
        class_name="lf-lat",
        style={"--p": row["bar"]},
        custom_attrs={"data-slow": rx.cond(row["slow"], "", None)},
    )


def _tokens(row: Any) -> Any:
    sides = rx.el.span(row["given"], rx.el.i("→"), row["made"], class_name="lf-tok")
    return rx.cond(row["given"], sides, rx.cond(row["total"], row["total"], rx.el.span("—", class_name="lf-3")))


def _clip(field: str) -> Callable[[Any], rx.Component]:
    def clipped(row: Any) -> rx.Component:
        return rx.el.div(row[field], class_name="lf-clip")

    return clipped


_COLUMNS = [
    Column("", _star, "32px", control=True),
    Column(t("timestamp"), lambda row: rx.fragment(row["time"], rx.el.span(" ", row["age"], class_name="lf-3")), "124px", sort="timestamp", narrow="b", class_name="lf-num", title=lambda row: row["title"]),
    Column(t("name"), lambda row: rx.el.a(row["name"], href=row["peek"], class_name="lf-strong lf-clip block"), "150px", sort="name", narrow="a"),
    Column(t("input"), _clip("input"), "", narrow="c", class_name="lf-io"),
    Column(t("output"), _clip("output"), "", class_name="lf-io"),
    Column(t("levels"), _levels, "78px"),
    Column(t("latency"), _latency, "96px", numeric=True, narrow="d"),
    Column(t("tokens"), _tokens, "116px", numeric=True),
    Column(t("total_cost"), "cost", "84px", numeric=True, narrow="e"),
    Column(t("environment"), lambda row: environment(row["environment"]), "112px"),
    Column(t("tags"), lambda row: tags(row["tags"], row["more"]), "140px"),
    Column(t("user"), "user", "104px", sort="userId", quiet=True),
    Column(t("session"), "session", "104px", sort="sessionId", quiet=True, class_name="lf-mono"),
    Column(t("observations.short"), "observations", "60px", numeric=True, quiet=True),
]  # fmt: skip


def _line(row: Any) -> dict[str, Any]:
    return {
        "on_click": rx.redirect(row["peek"]),
        "custom_attrs": {
            "data-level": row["level"],
            "data-href": row["href"],
            "data-new": rx.cond(row["fresh"], "", None),
            "data-open": rx.cond(S.peek == row["id"], "", None),
        },
    }


def _volume() -> rx.Component:
    def bar(bucket: Any) -> rx.Component:
        inner = rx.el.s(style={"--e": bucket["errors"]}), rx.el.b(style={"--h": bucket["height"]})
        return rx.cond(bucket["href"], rx.el.a(*inner, href=bucket["href"], title=bucket["title"]), rx.el.i(title=bucket["title"]))

    return rx.el.figure(
        rx.el.div(rx.foreach(S.buckets, bar), class_name="lf-bars"),
        rx.el.figcaption(rx.foreach(S.axis, rx.el.span), class_name="lf-volume-axis"),
        class_name="lf-volume lf-only-wide", custom_attrs={"aria-label": t("volume")},
    )  # fmt: skip


def _token(token: Any) -> rx.Component:
    remove = rx.el.a(icon("x", "xs"), href=token["href"], title=t("filter.remove"), custom_attrs={"aria-label": t("filter.remove")})
    return rx.el.span(rx.el.i(token["key"], ":"), rx.el.b(token["value"]), remove, class_name="lf-token")


def _toolbar() -> rx.Component:
    density = link_button(
        icon("rows-3"),
        href=S.other_density,
        label=t("density"),
        custom_attrs={"aria-pressed": rx.cond(S.density == "m", "true", "false")},
        replace=True,
        class_name="lf-only-wide",
    )
    tokens = rx.foreach(S.tokens, _token)
    whole = rx.el.div(
        search(S.view, S.search_traces, t("traces.search"), tokens), time_range(S.view, S.set_range), density, class_name="lf-toolbar"
    )
    return rx.cond(S.setup, rx.fragment(), whole)


def _none() -> rx.Component:
    wider = link_button(t("traces.clear"), href=S.unfiltered, size="sm")
    return rx.el.div(empty("search-x", t("traces.none"), t("traces.none.why"), wider), class_name="lf-centre")


def _list() -> rx.Component:
    new = rx.cond(S.waiting, button(icon("arrow-up", "sm"), S.waiting, " ", t("new"), size="sm", on_click=S.show_new, id="show-new"))
    content = listing(
        S.view, _none(), _volume(), table(S.rows, _COLUMNS, S.view, row=_line, min_width="1600px", density=S.density), pager(S.view, new)
    )
    return rx.cond(S.setup, setup(), rx.el.div(content, class_name="flex flex-col flex-1 min-w-0 min-h-0"))


@project_page(
    "/traces",
    title=t("tracing"),
    nav=NavEntry(t("tracing"), "list-tree", "/traces", OBSERVABILITY, order=10),
    on_load=[S.load, TraceState.load_peek, SetupState.load],
)
def traces() -> rx.Component:
    """Newest first; the eye finds the bad rows."""
    live = rx.el.span(rx.el.span(class_name="lf-live"), t("live"), class_name="lf-livemark lf-3 lf-only-wide")
    beat = rx.el.button(
        id="lf-beat",
        type="button",
        class_name="lf-vh",
        tab_index=-1,
        on_click=S.beat(rx.Var(SCROLLED, _var_type=float)),
        custom_attrs={"aria-hidden": "true"},
    )
    return frame(
        _list(), peek(), beat, title=t("tracing"), toolbar=_toolbar(), actions=[rx.cond(S.refusal, rx.fragment(), live)], reload=S.load
    )
