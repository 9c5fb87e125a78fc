"""The state of background work, from the register that workers announce."""

from typing import Any

from langfuse_app.features.ingest.service import backlog
from langfuse_app.features.queues import repository


def announce(register: dict[str, dict[str, object]]) -> None:
    """A worker says which queues exist (worker/queues.py)."""
    repository.write_register(register)


def names() -> list[str]:
    """The queues that workers announced."""
    return sorted(repository.read_register())


def overview() -> dict[str, Any]:
    """Queues with their depths, ingestion backlog per lane, drains, workers, dead letters."""
    register = repository.read_register()
    depths = repository.depths(sorted(register))
    return {
        "queues": [{"name": name, **register[name], **depths[name]} for name in sorted(register)],
        "ingestion": {"backlog": backlog(), "drains": repository.drains(), "deadLetters": repository.dead_letters()},
        "workers": repository.workers(),
    }
