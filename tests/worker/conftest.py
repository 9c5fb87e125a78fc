"""What tests of the worker share."""

from collections.abc import Iterator

import pytest

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.features.deletions import repository_clickhouse as columnar
from langfuse_app.stores.redis import redis
from tests import factories
from tests.s3 import S3, running_s3
from worker import sweep


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with running_s3() as server:
        yield server


@pytest.fixture
def scope(engines: Settings, monkeypatch: pytest.MonkeyPatch) -> ProjectScope:
    """A project whose requests the sweep looks at without grace, while Redis knows nothing."""
    redis().flushdb()
    monkeypatch.setattr(sweep, "GRACE_US", 0)
    return factories.project()


@pytest.fixture
def unfreed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased rows keep their bytes: to rewrite the tables of a whole run takes half a minute, and tests of deletions do it."""

    def free(tables: object) -> None:
        del tables

    monkeypatch.setattr(columnar, "free", free)
