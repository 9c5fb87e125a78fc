"""Model definitions: which names are priced, and how."""

from typing import Any

import reflex as rx

from langfuse_app.features.models.state import ModelsState
from langfuse_app.features.projects.components import frame, project_page
from langfuse_app.ui.elements import empty
from langfuse_app.ui.navigation import NavEntry
from langfuse_app.ui.table import Column, listing, pager, table
from langfuse_app.ui.text import t

S: Any = ModelsState
_COLUMNS = [
    Column(t("model"), "name", "260px", narrow="a", class_name="lf-strong"),
    Column(t("match_pattern"), "pattern", class_name="lf-mono lf-io", narrow="c"),
    Column(t("price.input"), "input", "150px", numeric=True, narrow="d"),
    Column(t("price.output"), "output", "150px", numeric=True, narrow="e"),
    Column(t("tiers"), "tiers", "70px", numeric=True, quiet=True),
    Column(t("maintainer"), "maintainer", "130px", quiet=True, narrow="b"),
]


@project_page("/models", title=t("models"), nav=NavEntry(t("models"), "box", "/models", order=10, foot=True), on_load=S.load)
def models() -> rx.Component:
    """The prices that costs are computed with."""
    none = rx.el.div(empty("box", t("models"), t("models.none")), class_name="lf-centre")
    return frame(listing(S.view, none, table(S.rows, _COLUMNS, S.view, min_width="960px"), pager(S.view)), title=t("models"), reload=S.load)
