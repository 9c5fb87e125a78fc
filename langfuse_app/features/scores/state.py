"""The list of scores."""

from datetime import tzinfo
from typing import TypedDict
from urllib.parse import quote

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.scores import service
from langfuse_app.features.scores.schemas import ScoreItem, ScoreQuery
from langfuse_app.ui import format as f
from langfuse_app.ui.listing import ListView


class ScoreRow(TypedDict):
    """One score. href: what was scored, '' where that has no page."""

    time: str
    age: str
    title: str
    name: str
    value: str
    tone: str
    source: str
    type: str
    comment: str
    target: str
    href: str
    environment: str


class ScoresState(AppState):
    """One page of the list."""

    rows: list[ScoreRow] = []
    view: ListView = ListView()

    @handler
    async def load(self) -> None:
        """The page was opened, or its address changed."""
        asked, zone = self._listing(), self._zone()
        names = (asked.search,) if asked.search else ()
        query = ScoreQuery(from_time=asked.window.start, to_time=asked.window.end, names=names, page=asked.page, limit=asked.limit)
        page = await self._ask(service.list_scores, query)
        self.rows = [_row(item, self.base, zone) for item in page.items]
        self.view = self._list_view(asked, page.total, len(page.items))


def _row(item: ScoreItem, base: str, zone: tzinfo) -> ScoreRow:
    target, href = _target(item, base)
    return ScoreRow(
        time=f.clock(item.timestamp, zone),
        age=f.age(item.timestamp),
        title=f.absolute(item.timestamp, zone),
        name=item.name,
        value=_value(item)[:80],
        tone={1.0: "ok", 0.0: "err"}.get(item.value, "") if item.data_type == "BOOLEAN" else "",
        source=item.source if item.source == "API" else item.source.capitalize(),
        type=item.data_type.capitalize(),
        comment=f.one_line(item.comment),
        target=target,
        href=href,
        environment=item.environment,
    )


def _value(item: ScoreItem) -> str:
    if item.data_type == "NUMERIC":
        return f"{item.value:,.4f}".rstrip("0").rstrip(".")
    return (item.string_value or "").lower() if item.data_type == "BOOLEAN" else item.string_value or ""


def _target(item: ScoreItem, base: str) -> tuple[str, str]:
    """What was scored, and its address."""
    if item.trace_id:
        trace = f"{base}/traces/{quote(item.trace_id, safe='')}"
        observation = f"?observation={quote(item.observation_id, safe='')}" if item.observation_id else ""
        return ("Observation" if observation else "Trace"), trace + observation
    if item.session_id:
        return "Session", f"{base}/traces?session={quote(item.session_id, safe='')}&past=all"
    return "Experiment run", ""
