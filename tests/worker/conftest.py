"""What tests of the worker share."""

import pytest

from langfuse_app.features.deletions import repository_clickhouse as columnar


@pytest.fixture
def unfreed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased rows keep their bytes: to rewrite the tables of a whole run takes half a minute, and tests of deletions do it."""

    def free(tables: object) -> None:
        del tables

    monkeypatch.setattr(columnar, "free", free)
