"""The panel of the trace page: one observation with its facts, costs, payloads and scores."""

from typing import Any

import reflex as rx

from langfuse_app.features.traces.trace_schemas import COST
from langfuse_app.features.traces.trace_state import TraceState
from langfuse_app.ui.elements import button, copy_button, icon, type_icon
from langfuse_app.ui.text import t

S: Any = TraceState  # on a page its attributes are Reflex vars, which the type of their values does not tell


def facts(entries: Any, costs: Any) -> rx.Component:
    """Labels and values that the thing has; the cost opens into what it is made of."""

    def one(entry: Any) -> Any:
        value = rx.cond(entry["href"], rx.el.a(entry["value"], href=entry["href"], class_name="lf-link"), entry["value"])
        plain = rx.el.span(rx.el.i(entry["label"]), value, class_name="lf-fact lf-num", title=entry["title"])
        return rx.cond(entry["label"] == COST, _money(entry["value"], costs), plain)

    return rx.foreach(entries, one)


def _cost_line(line: Any) -> rx.Component:
    use = rx.el.span(line["amount"], class_name="lf-num"), " ", rx.el.span(line["price"], class_name="lf-num lf-4")
    return rx.fragment(rx.el.dt(line["label"], " ", *use), rx.el.dd(line["cost"]))


def _money(cost: Any, costs: Any) -> rx.Component:
    lines, total, title, note = costs["costs"], costs["total"], costs["costs_title"], costs["costs_note"]
    breakdown = rx.el.div(
        rx.el.div(rx.el.b(t("cost"), class_name="lf-h2"), rx.el.span(title, class_name="lf-3 lf-clip", style={"font_size": "11px"}), class_name="flex items-baseline justify-between gap-3 mb-2"),
        rx.el.dl(rx.foreach(lines, _cost_line), rx.el.dt(t("total"), custom_attrs={"data-total": ""}), rx.el.dd(total, custom_attrs={"data-total": ""}), class_name="lf-kv", custom_attrs={"data-num": ""}),
        rx.cond(note, rx.el.p(note, class_name="lf-help mt-2", style={"font_size": "11px"})),
        class_name="lf-pop lf-cost",
    )  # fmt: skip
    shown = rx.el.summary(rx.el.i(t("cost")), cost, class_name="lf-fact lf-num lf-summary lf-opens")
    return rx.el.details(shown, breakdown, class_name="lf-drop")


def _head() -> rx.Component:
    return rx.el.div(
        type_icon(S.panel["type"], "lg"),
        rx.el.div(rx.el.div(S.panel["name"], class_name="lf-h2 lf-clip"), class_name="min-w-0"),
        rx.el.span(rx.el.span(S.panel["id"], class_name="lf-clip", style={"max_width": "132px"}), class_name="lf-badge lf-mono lf-only-wide", title=S.panel["id"], custom_attrs={"data-line": ""}),
        copy_button(S.panel["id"], t("copy_id")),
        rx.cond(S.panel["level"] != "", rx.el.span(level_icon(S.panel["level"]), S.panel["level"], class_name="lf-level ml-auto", style={"text_transform": "capitalize"}, custom_attrs={"data-level": S.panel["level"]})),
        class_name="lf-panel-head",
    )  # fmt: skip


def level_icon(level: Any) -> Any:
    """The sign of a level."""
    return rx.match(level, ("error", icon("circle-x", "sm")), ("warning", icon("triangle-alert", "sm")), icon("info", "sm"))


def _facts() -> Any:
    return rx.cond(S.panel["facts"].length() > 0, rx.el.div(facts(S.panel["facts"], S.panel), class_name="lf-facts"))


def _tab(name: str, *extra: Any) -> rx.Component:
    selected = rx.cond(S.tab == name, "true", "false")
    return rx.el.button(
        t(name), *extra, class_name="lf-tab", type="button", role="tab", on_click=S.show(name, ""), custom_attrs={"aria-selected": selected}
    )


def segment(label: str, here: Any, event: Any, **props: Any) -> rx.Component:
    """One choice of a switch."""
    return rx.el.button(label, type="button", on_click=event, custom_attrs={"aria-pressed": rx.cond(here, "true", "false")}, **props)


def _tabs() -> rx.Component:
    count = S.panel["scores"].length()
    return rx.el.div(
        rx.el.div(
            _tab("preview"), _tab("scores", rx.cond(count > 0, rx.el.span(count.to_string(), class_name="lf-count lf-num"))), _tab("metadata"),
            class_name="lf-tabs", role="tablist",
        ),
        rx.el.div(
            rx.el.div(segment(t("formatted"), S.mode == "formatted", S.show("", "formatted")), segment("JSON", S.mode == "json", S.show("", "json")), class_name="lf-seg"),
            class_name="ml-auto flex items-center",
        ),
        class_name="lf-tabbar",
    )  # fmt: skip


def _section(section: Any) -> rx.Component:
    copy = button(icon("copy", "sm"), kind="ghost", size="sm", label=t("copy"), on_click=S.copy_part(section["part"]), class_name="ml-auto")
    return rx.el.section(
        rx.el.div(
            section["title"], rx.el.span(section["note"], class_name="lf-3", style={"font_weight": "400"}), copy, class_name="lf-sect-head"
        ),
        rx.el.div(rx.html(section["html"]), class_name="lf-sect-body"),
        class_name="lf-sect",
    )


def _status() -> Any:
    message = rx.el.div(
        level_icon(S.panel["level"]),
        rx.el.span(S.panel["status"]),
        class_name="lf-status",
        role="note",
        custom_attrs={"data-level": S.panel["level"]},
    )
    return rx.cond(S.panel["status"] != "", message)


def _score_mark(score: Any) -> rx.Component:
    return rx.el.span(
        rx.el.i(score["name"]),
        rx.el.b(score["value"]),
        class_name="lf-score",
        title=score["source"],
        custom_attrs={"data-tone": score["tone"]},
    )


def _score_marks() -> Any:
    body = rx.el.section(
        rx.el.div(t("scores"), class_name="lf-sect-head"), rx.el.div(rx.el.div(rx.foreach(S.panel["scores"], _score_mark), class_name="flex flex-wrap gap-1.5 lf-scores"), class_name="lf-sect-body"), class_name="lf-sect"
    )  # fmt: skip
    return rx.cond(S.panel["scores"].length() > 0, body)


def _score(score: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.b(score["name"], class_name="lf-strong lf-clip"), rx.el.span(score["value"], class_name="lf-num lf-clip", custom_attrs={"data-tone": score["tone"]}),
            rx.el.span(score["source"], class_name="lf-3 ml-auto"), rx.el.span(score["time"], class_name="lf-3 lf-num", title=score["title"]),
            class_name="flex items-baseline gap-3",
        ),
        rx.cond(score["comment"] != "", rx.el.p(score["comment"], class_name="lf-2", style={"margin_top": "2px", "overflow_wrap": "anywhere"})),
        class_name="lf-score-row",
    )  # fmt: skip


def _nothing(text: str) -> rx.Component:
    return rx.el.p(text, class_name="lf-3 p-4")


def panel() -> rx.Component:
    """What the selected row is about."""
    payloads = rx.fragment(
        _status(), rx.cond(S.sections.length() > 0, rx.foreach(S.sections, _section), _nothing(t("no_payload"))), _score_marks()
    )
    scores = rx.cond(S.panel["scores"].length() > 0, rx.foreach(S.panel["scores"], _score), _nothing(t("no_scores")))
    metadata = rx.cond(S.sections.length() > 0, rx.foreach(S.sections, _section), _nothing(t("no_metadata")))
    content = rx.match(S.tab, ("scores", scores), ("metadata", metadata), payloads)
    return rx.el.div(
        _head(), _facts(), _tabs(), rx.el.div(content, class_name="lf-scroll flex-1 min-h-0", role="tabpanel", id="lf-panel"),
        class_name="lf-detail flex flex-col min-h-0",
    )  # fmt: skip
