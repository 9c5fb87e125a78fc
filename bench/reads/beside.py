"""The same questions of several servers, on the same traces: as many as the slowest of them takes in a minute.

Every server gets the traces over OTLP, in the dialect that it knows best, is started again, and is asked everything in turn.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.client import Connection
from bench.load import Sender, settled
from bench.peer_targets import NotInstalledError, Peer
from bench.reads.asking import WrongAnswerError, shares, timed
from bench.reads.known import Known, Read
from bench.reads.readers import READERS, Asked, Reader
from bench.run import say
from bench.targets import Product, Target
from bench.workload import Corpus

GIVE_UP_S = 60.0  # for one answer
_ENOUGH_S, _ENOUGH = 20.0, 5  # a slow question is asked no more after so many seconds and times
_READABLE_S = 600.0
_REST_S = 5.0  # after a start, for what a server does on its own then
NONE = "no such query"


@dataclass
class Answers:
    """What one question got; milliseconds."""

    note: str = ""
    first: float = 0.0
    later: list[float] = field(default_factory=list)
    wrong: str = ""  # the first answer with other rows than there are
    failed: str = ""

    @property
    def enough(self) -> bool:
        """Whether it need not be asked again."""
        return bool(self.failed) or (len(self.later) >= _ENOUGH and sum(self.later) > _ENOUGH_S * 1_000)

    def figures(self) -> dict[str, Any]:
        """For the table and the file."""
        said = {name: value for name in ("note", "wrong", "failed") if (value := getattr(self, name))}
        if self.failed:
            return said
        return {"first_ms": round(self.first, 1), **shares(self.later, 0.5, 0.95), "times": len(self.later), **said}


async def load(target: Target, reader: Reader) -> None:
    """Send all traces, wait until they can be read, write the prompts. RuntimeError when something is missing."""
    corpus = Corpus(reader.form, reader.known.spans)
    sent = await Sender(target, corpus).closed(corpus.spans)
    seen = await settled(target, reader.known.spans, _READABLE_S)
    if seen != reader.known.spans:
        raise RuntimeError(f"{seen} of {reader.known.spans} spans are readable; {len(sent.errors)} errors {sent.errors[:1]}")
    connection = target.connect()
    await reader.write_prompts(connection)
    connection.close()


async def ask(target: Target, reader: Reader, turns: int) -> dict[str, dict[str, Any]]:
    """First and later answers of every question that the server has."""
    connection, questions = target.connect(), reader.questions()
    found = {read: Answers(asked.note) for read, asked in questions.items()}
    for turn in range(turns + 1):
        for read, asked in questions.items():
            if not found[read].enough:
                await _once(connection, asked, reader.known, read, turn, found[read])
    connection.close()
    return {read: found[read].figures() if read in found else {"failed": NONE} for read in Read}


async def _once(connection: Connection, asked: Asked, known: Known, read: Read, turn: int, answers: Answers) -> None:
    value = known.values[read][turn % len(known.values[read])]
    try:
        took, rows = await asyncio.wait_for(timed(connection, asked.call(value.asked, turn)), GIVE_UP_S)
    except TimeoutError:
        answers.failed = f"> {GIVE_UP_S:.0f} s"
        connection.close()
        return
    except (WrongAnswerError, OSError) as error:
        answers.failed = f"error: {error or type(error).__name__}"
        return
    if turn:
        answers.later.append(took)
    else:
        answers.first = took
    wanted = asked.wanted(value)
    if wanted is not None and rows != wanted and not answers.wrong:
        answers.wrong = f"{rows} rows for {value.asked or 'all'}, there are {wanted}"


def _serve(kind: type[Target], known: Known, turns: int, folder: Path) -> dict[str, dict[str, Any]]:
    """One server from an empty folder to its figures."""
    if issubclass(kind, Peer):
        kind.install()
    target, reader = kind(folder), READERS[kind.name](known)
    say(f"{target.name}: {known.spans:,} spans, then {turns} turns of questions")
    try:
        target.start()
        asyncio.run(load(target, reader))
        target.stop()
        target.start()
        time.sleep(_REST_S)
        return asyncio.run(ask(target, reader, turns))
    finally:
        target.stop()


def measure(peers: Sequence[type[Peer]], spans: int, turns: int) -> dict[str, Any]:
    """This product and the peers; of one that cannot be installed or does not run, why."""
    known = Known(spans)
    servers: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for kind in (Product, *peers):
        with tempfile.TemporaryDirectory(prefix="langfuse-app-peers-") as folder:
            try:
                servers[kind.name] = _serve(kind, known, turns, Path(folder))
            except NotInstalledError as error:
                absent[kind.name] = f"not installed: {error}"
            except (RuntimeError, OSError) as error:
                absent[kind.name] = f"did not run: {error}"
    return {"spans": known.spans, "turns": turns, "servers": servers, "absent": absent}


def render(found: Mapping[str, Any], large: Mapping[str, Mapping[str, Any]], large_spans: int) -> str:
    """The table: p50 and p95 of each server, how much longer the others' p50 is, and ours on a large run, by question."""
    servers: dict[str, dict[str, Any]] = found["servers"]
    ours = servers.get(Product.name, {})
    lines = [f"side by side on the same {found['spans']:,} spans: p50 / p95 in ms, × = p50 beside ours", ""]
    lines.append(_row("question", [f"ours, {large_spans:,}", *servers]))
    for read in Read:
        cells = [_cell(figures[read], None if name == Product.name else ours.get(read)) for name, figures in servers.items()]
        lines.append(_row(read, [_cell(large[read], None) if read in large else "", *cells]))
    lines += ["", *(f"{name}: {why}" for name, why in found["absent"].items())]
    for name, figures in servers.items():
        lines += [
            f"{name}, {read}: {row[kind]}" for read, row in figures.items() for kind in ("note", "wrong", "failed") if _worth(row, kind)
        ]
    return "\n".join(lines).rstrip()


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:<32}{''.join(f'{cell:<28}' for cell in cells)}".rstrip()


def _worth(row: Mapping[str, Any], kind: str) -> bool:
    return kind in row and row[kind] != NONE and not row[kind].startswith(">")


def _cell(row: Mapping[str, Any], ours: Mapping[str, Any] | None) -> str:
    if "failed" in row:
        return row["failed"] if row["failed"].startswith((">", NONE)) else "error, see below"
    ratio = f"  ×{row['p50_ms'] / max(0.1, ours['p50_ms']):.1f}" if ours and "p50_ms" in ours else ""
    return f"{row['p50_ms']:.1f} / {row['p95_ms']:.1f}{ratio}{' *' if 'wrong' in row else ''}"
