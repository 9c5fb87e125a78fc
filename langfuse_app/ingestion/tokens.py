"""Counts tokens offline (spec/backend.md §4.2), as the main module of a child process: `python -m langfuse_app.ingestion.tokens`.

The encodings take 60–170 MB, so nothing else imports this module: `runtime/token_counter.py` starts the child when texts
need counting, and the child ends by itself when it has had no work for a while (its first argument, seconds).

Frames on stdin and stdout: 4 bytes of length (big endian), then msgpack. Request: list of (tokenizer, tokenizer config,
input, output). Answer: list of {"input": n, "output": n} in the same order; {} where counting failed, no key for no text.
"""

import os
import select
import struct
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

Item = tuple[str, dict[str, Any], str, str]
Encode = Callable[[str], int]

# litellm's wheel carries these ranks under the names of tiktoken's cache; any other encoding would be downloaded.
_SHIPPED = {"cl100k_base", "o200k_base", "o200k_harmony", "p50k_base"}
_REPLY_PRIMING = 3  # every answer of a chat model begins with three tokens of its own


def count(item: Item) -> dict[str, int]:
    """Tokens of the input and of the output; {} for a tokenizer or a model that is unknown here."""
    tokenizer, config, given, made = item
    encode = _encoder(tokenizer, str(config.get("tokenizerModel", "")))
    if encode is None:
        return {}
    sides = (("input", given), ("output", made))
    return {side: _side(encode, text, config, tokenizer) for side, text in sides if text}


def _side(encode: Encode, text: str, config: dict[str, Any], tokenizer: str) -> int:
    messages = _chat(text) if tokenizer == "openai" and "tokensPerMessage" in config else None
    return encode(text) if messages is None else _chat_tokens(encode, messages, config)


def _chat(text: str) -> list[dict[str, Any]] | None:
    """The messages when the text is a JSON array of objects with a role and a text content."""
    if not text.startswith("[") or '"role"' not in text:
        return None
    try:
        value = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return None
    shaped = all(isinstance(message.get("role"), str) and isinstance(message.get("content"), str) for message in value)
    return value if value and shaped else None


def _chat_tokens(encode: Encode, messages: list[dict[str, Any]], config: dict[str, Any]) -> int:
    """What OpenAI documents for its chat format: an overhead per message and per name, and the primed answer."""
    texts = sum(encode(value) for message in messages for value in message.values() if isinstance(value, str))
    names = sum("name" in message for message in messages)
    return texts + len(messages) * int(config["tokensPerMessage"]) + names * int(config.get("tokensPerName", 0)) + _REPLY_PRIMING


@lru_cache(maxsize=64)
def _encoder(tokenizer: str, model: str) -> Encode | None:
    folder = _ranks_folder()
    if folder is None:
        return None
    if tokenizer == "claude":
        return _claude(folder)
    return _openai(folder, model) if tokenizer == "openai" else None


def _ranks_folder() -> Path | None:
    spec = find_spec("litellm")
    return Path(spec.origin).parent / "litellm_core_utils" / "tokenizers" if spec and spec.origin else None


def _openai(folder: Path, model: str) -> Encode | None:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        return None
    if name not in _SHIPPED:
        return None
    encoding = tiktoken.get_encoding(name)
    return lambda text: len(encoding.encode_ordinary(text))


def _claude(folder: Path) -> Encode:
    from tokenizers import Tokenizer  # comes with litellm, as the vocabulary does

    tokenizer: Any = Tokenizer.from_file(str(folder / "anthropic_tokenizer.json"))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _count_safely(item: Item) -> dict[str, int]:
    try:
        return count(item)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # tiktoken panics (not an Exception) on pathological texts; the usage then stays blank
        return {}


def serve(idle_seconds: float) -> None:
    """Answer frames until stdin ends or no frame came for `idle_seconds`."""
    while select.select([0], [], [], idle_seconds)[0]:
        header = _read(4)
        if len(header) < 4:
            return
        items = msgspec.msgpack.decode(_read(struct.unpack(">I", header)[0]), type=list[Item])
        answer = msgspec.msgpack.encode([_count_safely(item) for item in items])
        _write(struct.pack(">I", len(answer)) + answer)


def _read(size: int) -> bytes:
    """Exactly `size` bytes of stdin, fewer only at its end."""
    parts: list[bytes] = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    serve(float(sys.argv[1]))
