"""The child process that counts tokens for a worker: started at the first text, gone after a minute without work."""

import logging
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import IO

import msgspec

from langfuse_app.ingestion.prices import ModelDefinition

log = logging.getLogger(__name__)

Text = tuple[ModelDefinition, str, str]
_BATCH_TEXTS = 200
_BATCH_CHARACTERS = 4_000_000
_PATIENCE_S = 0.1  # how long `ready` waits for what is being loaded


class TokenCounter:
    """Counts (model, input, output) triples; one worker owns one counter and uses it from one thread at a time, and not
    before `ready` says so where waiting would harm.

    timeout_s bounds a whole call of `count`. The child ends by itself after idle_s, or when this process ends.
    """

    def __init__(self, timeout_s: float = 20.0, idle_s: float = 60.0) -> None:
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._child: subprocess.Popen[bytes] | None = None
        self._loaded: set[str] = set()  # encodings that were asked of `_loader`, by what names them
        self._loader: subprocess.Popen[bytes] | None = None  # None when it did not survive that
        self._loading: threading.Thread | None = None

    def ready(self, texts: Sequence[Text]) -> bool:
        """Whether `count` can answer without loading an encoding first, which takes seconds on a busy machine.

        What is missing is loaded on a thread meanwhile. What could not be loaded within timeout_s counts as ready too:
        then `count` says what it can.
        """
        if self._loading is None:
            if self._child is not self._loader or (self._child and self._child.poll() is not None):
                self._loaded.clear()
            missing = {_encoding(model): (model, "a", "") for model, _, _ in texts if _encoding(model) not in self._loaded}
            if not missing:
                return True
            self._loading = threading.Thread(target=self._load, args=(missing,), name="token-counter-loader", daemon=True)
            self._loading.start()
        self._loading.join(_PATIENCE_S)
        if self._loading.is_alive():
            return False
        self._loading = None
        return self.ready(texts)

    @property
    def loading(self) -> bool:
        """Whether encodings are being loaded right now."""
        return self._loading is not None and self._loading.is_alive()

    def _load(self, missing: dict[str, Text]) -> None:
        self.count(list(missing.values()))
        self._loaded.update(missing)
        self._loader = self._child

    def count(self, texts: Sequence[Text]) -> list[dict[str, int]]:
        """Usage maps in the order of the texts; {} for what failed or did not fit into the time (spec/backend.md §4.2)."""
        deadline = time.monotonic() + self._timeout_s
        result: list[dict[str, int]] = []
        for batch in _batches(texts):
            result += self._exchange(batch, deadline) or [{} for _ in batch]
        return result

    def close(self) -> None:
        """End the child now."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            _reap(child)

    def _exchange(self, batch: list[Text], deadline: float) -> list[dict[str, int]] | None:
        """The answer to one batch, None when there is none in time."""
        frame = msgspec.msgpack.encode([(model.tokenizer, model.tokenizer_config, given, made) for model, given, made in batch])
        reused = self._child is not None
        answer = self._try(frame, deadline)
        if answer is None and reused:  # a child that was idle may just have ended
            answer = self._try(frame, deadline)
        if answer is None:
            log.warning("counting the tokens of %d texts failed, their usage stays blank", len(batch))
        return answer

    def _try(self, frame: bytes, deadline: float) -> list[dict[str, int]] | None:
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return None
        self._child = child = self._child or _start(self._idle_s)
        watchdog = threading.Timer(seconds, child.kill)
        watchdog.start()
        try:
            return _ask(child, frame)
        except (OSError, EOFError, ValueError):  # of a pipe that was closed when the child had ended
            self.close()
            return None
        finally:
            watchdog.cancel()


def _encoding(model: ModelDefinition) -> str:
    return f"{model.tokenizer} {model.tokenizer_config.get('tokenizerModel')}"


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
    threading.Thread(target=_reap, args=(child,), name="token-counter-reaper", daemon=True).start()
    return child


def _reap(child: subprocess.Popen[bytes]) -> None:
    """Wait for its end, then give back what was open to it."""
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


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
