"""Writes an alembic revision from the difference between the models and the migrated schema, on a scratch server.

`python scripts/make_revision.py "what changes"`
"""

import os
import sys
import tempfile
from pathlib import Path

from alembic.config import Config

from alembic import command
from langfuse_app.core.settings import get_settings
from langfuse_app.runtime.embedded import start_engines


def main(message: str) -> None:
    """Migrate an empty database to head, compare it with the models, write the revision."""
    with start_engines(Path(tempfile.mkdtemp()), only=("postgres",), durable=False) as urls:
        os.environ |= urls.environment()
        get_settings.cache_clear()
        from langfuse_app.stores.migrations import migrate_postgres
        from langfuse_app.stores.postgres import engine

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).resolve().parents[1] / "alembic"))
        if list(Path(config.get_main_option("script_location") or "").glob("versions/*.py")):
            migrate_postgres()
        with engine().begin() as connection:
            config.attributes["connection"] = connection
            revisions = len(list(Path(__file__).resolve().parents[1].glob("alembic/versions/*.py")))
            command.revision(config, message=message, autogenerate=True, rev_id=f"{revisions + 1:04d}")
        engine().dispose()


if __name__ == "__main__":
    main(sys.argv[1])
