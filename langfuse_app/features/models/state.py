"""The list of model definitions."""

from typing import TypedDict

from langfuse_app.features.accounts.state import AppState, handler
from langfuse_app.features.models import service
from langfuse_app.ui import format as f
from langfuse_app.ui.listing import ListView
from langfuse_app.ui.text import t


class ModelRow(TypedDict):
    """One definition: which names it prices, and what a million units cost."""

    name: str
    pattern: str
    input: str
    output: str
    tiers: str
    maintainer: str


class ModelsState(AppState):
    """One page of the list."""

    rows: list[ModelRow] = []
    view: ListView = ListView()

    @handler
    async def load(self) -> None:
        """The page was opened, or its address changed."""
        asked = self._listing()
        page = await self._ask(service.list_models, asked.page, asked.limit)
        self.rows = [
            ModelRow(
                name=item.name, pattern=item.match_pattern, input=f.per_million(item.flat.input), output=f.per_million(item.flat.output),
                tiers=str(len(item.tiers)) if len(item.tiers) > 1 else "", maintainer=t("models.builtin") if item.managed else t("models.own"),
            )
            for item in page.items
        ]  # fmt: skip
        self.view = self._list_view(asked, page.total, len(page.items))
