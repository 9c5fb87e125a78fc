"""Real engines, started once per run; every test sees them through the settings, as the product does."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from langfuse_app.core.settings import Settings, get_settings
from langfuse_app.runtime.embedded import start_engines


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Four thousand requests are too many for every save."""
    for item in items:
        if Path(__file__).parent / "api" in item.path.parents:
            item.add_marker(pytest.mark.api)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """PostgreSQL, ClickHouse and Redis with empty, migrated schemas. One run, one set of engines."""
    data = Path(tempfile.mkdtemp(prefix="langfuse-app-test-"))
    with start_engines(data, durable=False) as urls:
        os.environ |= urls.environment() | {
            "LANGFUSE_DATA_DIR": str(data),
            "SALT": "test-salt",
            "ENCRYPTION_KEY": "0" * 64,
            "NEXTAUTH_SECRET": "test-secret",
        }
        get_settings.cache_clear()
        from langfuse_app.stores.migrations import migrate_clickhouse, migrate_postgres

        migrate_postgres()
        migrate_clickhouse()
        yield get_settings()
        _close_connections()


def _close_connections() -> None:
    from langfuse_app.stores.postgres import engine
    from langfuse_app.stores.redis import redis

    engine().dispose()
    redis().close()
