"""The child process that counts tokens for a worker: started at the first text, gone after a minute without work."""

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

import msgspec
import structlog

from langfuse_app.ingestion.prices import ModelDefinition

_log = structlog.get_logger(__name__)

Text = tuple[ModelDefinition, str, str]
_BATCH_TEXTS = 200
_BATCH_CHARACTERS = 4_000_000


class TokenCounter:
    """Counts (model, input, output) triples; one worker owns one counter and uses it from one thread at a time.

    timeout_s bounds a whole call of `count`. The child ends by itself after idle_s, or when this process ends.
    """

    def __init__(self, timeout_s: float = 20.0, idle_s: float = 60.0) -> None:
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._child: subprocess.Popen[bytes] | None = None
        self._last_used = 0.0

    def count(self, texts: Sequence[Text]) -> list[dict[str, int]]:
        """Usage maps in the order of the texts; {} for what failed or did not fit into the time (spec/backend.md §4.2)."""
        deadline = time.monotonic() + self._timeout_s
        result: list[dict[str, int]] = []
        for batch in _batches(texts):
            left = deadline - time.monotonic()
            result += self._exchange(batch, left) if left > 0 else [{} for _ in batch]
        return result

    def close(self) -> None:
        """End the child now."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
            child.wait()

    def _exchange(self, batch: list[Text], seconds: float) -> list[dict[str, int]]:
        frame = msgspec.msgpack.encode([(model.tokenizer, model.tokenizer_config, given, made) for model, given, made in batch])
        child = self._running_child()
        watchdog = threading.Timer(seconds, child.kill)
        watchdog.start()
        try:
            return _ask(child, frame)
        except (OSError, EOFError) as error:
            _log.warning("token counting failed, usage stays blank", texts=len(batch), reason=str(error))
            self.close()
            return [{} for _ in batch]
        finally:
            watchdog.cancel()

    def _running_child(self) -> subprocess.Popen[bytes]:
        # an idle child may end between this look and the write; half of its patience is kept as a margin
        if self._child is None or self._child.poll() is not None or self._last_used + self._idle_s / 2 < time.monotonic():
            self.close()
            self._child = _start(self._idle_s)
        self._last_used = time.monotonic()
        return self._child


def _batches(texts: Sequence[Text]) -> Iterator[list[Text]]:
    batch: list[Text] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text[1]) + len(text[2])
        if len(batch) >= _BATCH_TEXTS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _start(idle_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "langfuse_app.ingestion.tokens", str(idle_s)]
    # stderr goes nowhere: Rust prints a page for every text that it cannot take, and the answer already says so
    environment = os.environ | {"TOKENIZERS_PARALLELISM": "false"}
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, bufsize=0)
    threading.Thread(target=child.wait, name="token-counter-reaper", daemon=True).start()
    return child


def _ask(child: subprocess.Popen[bytes], frame: bytes) -> list[dict[str, int]]:
    assert child.stdin is not None
    assert child.stdout is not None
    _write(child.stdin, struct.pack(">I", len(frame)) + frame)
    size = struct.unpack(">I", _read(child.stdout, 4))[0]
    return msgspec.msgpack.decode(_read(child.stdout, size), type=list[dict[str, int]])


def _write(stream: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _read(stream: IO[bytes], size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = stream.read(size)
        if not part:
            raise EOFError("the counting process ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
