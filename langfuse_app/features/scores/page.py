"""Scores: what people, evaluators and SDKs said about traces, newest first."""

from typing import Any

import reflex as rx

from langfuse_app.features.projects.components import frame, project_page
from langfuse_app.features.scores.state import ScoresState
from langfuse_app.ui.elements import empty, environment
from langfuse_app.ui.navigation import EVALUATION, NavEntry
from langfuse_app.ui.table import Column, listing, pager, search, table, time_range
from langfuse_app.ui.text import t

S: Any = ScoresState


def _time(row: Any) -> rx.Component:
    return rx.fragment(row["time"], rx.el.span(" ", row["age"], class_name="lf-3"))


def _value(row: Any) -> rx.Component:
    return rx.el.span(row["value"], class_name=rx.match(row["tone"], ("ok", "lf-ok"), ("err", "lf-err"), ""))


def _target(row: Any) -> Any:
    return rx.cond(row["href"], rx.el.a(row["target"], href=row["href"], class_name="lf-link"), row["target"])


def _environment(row: Any) -> rx.Component:
    return environment(row["environment"])


def _title(row: Any) -> Any:
    return row["title"]


_COLUMNS = [
    Column(t("timestamp"), _time, "150px", narrow="b", class_name="lf-num", title=_title),
    Column(t("name"), "name", "200px", narrow="a", class_name="lf-strong"),
    Column(t("value"), _value, "130px", numeric=True, narrow="e"),
    Column(t("type"), "type", "110px", quiet=True),
    Column(t("source"), "source", "110px", quiet=True),
    Column(t("scored"), _target, "120px", narrow="d"),
    Column(t("comment"), "comment", narrow="c", class_name="lf-io"),
    Column(t("environment"), _environment, "130px"),
]


@project_page("/scores", title=t("scores"), nav=NavEntry(t("scores"), "gauge", "/scores", EVALUATION, order=10), on_load=S.load)
def scores() -> rx.Component:
    """Each leads to what was scored."""
    none = rx.el.div(empty("gauge", t("scores.none"), t("no_scores")), class_name="lf-centre")
    toolbar = rx.el.div(search(S.view, S.search_list, t("scores.search")), time_range(S.view, S.set_range), class_name="lf-toolbar")
    content = listing(S.view, none, table(S.rows, _COLUMNS, S.view, min_width="1060px"), pager(S.view))
    return frame(content, title=t("scores"), toolbar=toolbar, reload=S.load)
