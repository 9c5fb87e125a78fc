"""Run as a process before the first request: both migrations, the default prices, then the first project. Prints FirstStart as JSON.

A process of its own, so that the supervisor never carries the libraries this needs.
"""

import dataclasses
import json
import sys
from typing import Any

from langfuse_app.core.settings import get_settings
from langfuse_app.features.models.service import seed_defaults
from langfuse_app.features.projects.service import ensure_first
from langfuse_app.stores.migrations import migrate_clickhouse, migrate_postgres


def prepare() -> dict[str, Any]:
    """Migrate both databases and make what is missing; FirstStart as a dict."""
    migrate_postgres()
    migrate_clickhouse()
    seed_defaults()
    return dataclasses.asdict(ensure_first(get_settings()))


if __name__ == "__main__":
    json.dump(prepare(), sys.stdout)
