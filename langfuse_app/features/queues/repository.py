"""Redis reads of the queue pages; no tenant's data is in them."""

import json
from typing import Any

from langfuse_app.stores.queue import queue_name
from langfuse_app.stores.redis import key, redis


def write_register(register: dict[str, dict[str, object]]) -> None:
    """Remember the queues that workers know."""
    redis().hset(key("queues"), mapping={name: json.dumps(spec) for name, spec in register.items()})


def read_register() -> dict[str, dict[str, Any]]:
    """The queues that workers announced."""
    rows: Any = redis().hgetall(key("queues"))
    return {name.decode(): json.loads(spec) for name, spec in rows.items()}


def depths(names: list[str]) -> dict[str, dict[str, int]]:
    """Jobs per queue and state."""
    pipe = redis().pipeline(transaction=False)
    for name in names:
        pipe.llen(f"rq:queue:{queue_name(name)}")
        for state in ("wip", "failed", "scheduled"):
            pipe.zcard(f"rq:{state}:{queue_name(name)}")
    answers = [int(answer) for answer in pipe.execute()]
    labels = ("queued", "started", "failed", "scheduled")
    return {name: dict(zip(labels, answers[4 * n : 4 * n + 4], strict=True)) for n, name in enumerate(names)}


def workers() -> int:
    """Worker processes that are registered."""
    answer: Any = redis().scard("rq:workers")
    return int(answer)


def dead_letters() -> int:
    """Entries that failed for good."""
    answer: Any = redis().xlen(key("dead"))
    return int(answer)


def drains() -> int:
    """Running drains."""
    answer: Any = redis().zcard(key("drain", "members"))
    return int(answer)
