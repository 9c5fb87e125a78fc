"""Where the files lie that are not code: the repository's top level, or `_data` inside an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resources() -> Path:
    """The folder that holds alembic/, clickhouse/, assets/ and rxconfig.py."""
    packed = _PACKAGE / "_data"
    return packed if packed.is_dir() else _PACKAGE.parent
