"""Prompts by label, as applications read them before each call of a model: one client and eight, from the cache and without it.

Nothing else runs meanwhile. A change of labels makes every cached prompt of the project stale: the reads that follow it at
once are the cold ones.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from bench.client import Connection
from bench.processes import Meter
from bench.reads import paths
from bench.reads.asking import Call, WrongAnswerError, shares, timed
from bench.targets import Product
from bench.text import pool

CLIENTS = 8
P99_MS = 20  # the promise
_REST_S = 3.0  # after a start

PLAIN = {"bench-greeting": 300, "bench-rules": 1_500, "bench-manual": 8_000}  # characters
COMPOSED, CHAT = "bench-composed", "bench-chat"
NAMES = (*PLAIN, CHAT, COMPOSED)


def texts() -> dict[str, str]:
    """The plain prompts."""
    return {name: f"Hello {{{{name}}}}! {pool()[:characters]}" for name, characters in PLAIN.items()}


def _bodies() -> list[dict[str, Any]]:
    chat = [{"role": "system", "content": pool()[:1_200]}, {"role": "user", "content": "{{question}}"}]
    parts = "\n".join(f"@@@langfusePrompt:name={name}|label=production@@@" for name in PLAIN)
    bodies = [{"name": name, "prompt": text} for name, text in texts().items()]
    bodies += [{"name": CHAT, "type": "chat", "prompt": chat}, {"name": COMPOSED, "prompt": f"All of it:\n{parts}"}]
    return [body | {"labels": ["production"], "config": {"temperature": 0}} for body in bodies]


async def write(connection: Connection) -> None:
    """Make them all."""
    for body in _bodies():
        status, answer = await connection.json("POST", "/api/public/v2/prompts", body)
        if status != 201:
            raise WrongAnswerError(f"{status} for the prompt {body['name']}: {answer}")


def asked(name: str) -> Call:
    """One read; its row is the prompt itself, with no reference left in it."""
    return Call(paths.prompt(name), lambda answer: int(answer["name"] == name and "@@@" not in str(answer["prompt"])))


async def _read(connection: Connection, name: str) -> float:
    took, rows = await timed(connection, asked(name))
    if rows != 1:
        raise WrongAnswerError(f"the prompt {name} is not what was written")
    return took


async def _series(connection: Connection, names: Sequence[str]) -> list[float]:
    return [await _read(connection, name) for name in names]


def _turned(number: int, count: int) -> list[str]:
    """`count` names in turn; every client begins with another one."""
    return [NAMES[(number + at) % len(NAMES)] for at in range(count)]


async def _warm(clients: Sequence[Connection], reads: int) -> list[float]:
    """Everybody reads again and again."""
    await asyncio.gather(*(_series(client, NAMES) for client in clients))
    each = reads // len(clients)
    found = await asyncio.gather(*(_series(client, _turned(number, each)) for number, client in enumerate(clients)))
    return [took for series in found for took in series]


async def _cold(clients: Sequence[Connection], reads: int) -> list[float]:
    """Everybody reads every prompt once after each change."""
    found: list[float] = []
    while len(found) < reads:
        status, answer = await clients[0].json("PATCH", f"/api/public/v2/prompts/{CHAT}/versions/1", {"newLabels": ["production"]})
        if status != 200:
            raise WrongAnswerError(f"{status} for a change of labels: {answer}")
        series = (_series(client, _turned(number, len(NAMES))) for number, client in enumerate(clients))
        found += [took for taken in await asyncio.gather(*series) for took in taken]
    return found


async def _measure(product: Product, reads: int) -> dict[str, Any]:
    connections = [product.connect() for _ in range(CLIENTS)]
    first = max(await _series(connections[0], NAMES))
    rows: list[dict[str, Any]] = []
    for clients in (connections[:1], connections):
        for state, ask in (("warm", _warm), ("just changed", _cold)):
            took = await ask(clients, reads)
            figures = shares(took, 0.5, 0.95, 0.99)
            rows.append({"clients": len(clients), "state": state, "reads": len(took), **figures, "kept": figures["p99_ms"] <= P99_MS})
    for connection in connections:
        connection.close()
    return {"first_ms": round(first, 1), "rows": rows}


def measure(product: Product, reads: int) -> dict[str, Any]:
    """All of it, of a product that was just started and holds them; `other_cores`: what else this machine did meanwhile."""
    time.sleep(_REST_S)
    with Meter(product.pid) as meter:
        meter.mark()
        found = asyncio.run(_measure(product, reads))
        usage = meter.read()
    return found | {"other_cores": round(usage.others_s / usage.wall_s, 2)}


def render(found: dict[str, Any]) -> str:
    """The table."""
    lines = [f"{'prompt by label':<32}{'reads':>8}{'p50':>9}{'p95':>9}{'p99':>9}   promised p99, ms"]
    for row in found["rows"]:
        name = f"{row['clients']} client{'s' if row['clients'] > 1 else ''}, {row['state']}"
        figures = "".join(f"{row[f'{part}_ms']:>9.1f}" for part in ("p50", "p95", "p99"))
        lines.append(f"{name:<32}{row['reads']:>8}{figures}   {P99_MS}{'' if row['kept'] else '  ✗'}")
    lines.append(f"first of each after a start: {found['first_ms']:.0f} ms at most; other processes took {found['other_cores']:.2f} cores")
    return "\n".join(lines)
