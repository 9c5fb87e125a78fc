"""Prompts in the Python SDKs: created, fetched by label and version, cached, compiled, relabelled, and a fallback when there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenario import SEED, tell

TEXT, CHAT = f"support/{SEED}/greeting", f"chat-{SEED}"
MESSAGES = [
    {"role": "system", "content": "You answer in {{language}}."},
    {"type": "placeholder", "name": "history"},
    {"role": "user", "content": "{{question}}"},
]
Check = tuple[str, Callable[[], bool]]


def raised(call: Callable[[], Any]) -> str:
    """The text of what a call raises, '' when it raises nothing."""
    try:
        call()
    except Exception as error:  # the SDKs raise their own kinds
        return str(error)
    return ""


def run(langfuse: Any, *, placeholders: bool = True) -> None:
    """Says for each step whether the SDK made of our answers what it ought to."""
    first = langfuse.create_prompt(name=TEXT, prompt="Hello {{name}}", labels=["production"], tags=["t"], config={"temperature": 0.5})
    second = langfuse.create_prompt(name=TEXT, prompt="Hi {{name}}", labels=["staging"], commit_message="shorter")
    messages = MESSAGES if placeholders else [part for part in MESSAGES if "role" in part]
    chat = langfuse.create_prompt(name=CHAT, type="chat", prompt=messages, labels=["production"])
    equal = {
        "versions": (first.version, second.version, chat.version) == (1, 2, 1),
        "production": langfuse.get_prompt(TEXT).prompt == "Hello {{name}}",
        "label": langfuse.get_prompt(TEXT, label="staging").version == 2,
        "latest": langfuse.get_prompt(TEXT, label="latest").version == 2,
        "version": langfuse.get_prompt(TEXT, version=1).labels == ["production"],
        "compiled": langfuse.get_prompt(TEXT).compile(name="Ada") == "Hello Ada",
        "config": langfuse.get_prompt(TEXT).config == {"temperature": 0.5},
        "tags": langfuse.get_prompt(TEXT, label="latest").tags == ["t"],
        "missing": "not found" in raised(lambda: langfuse.get_prompt(f"nobody-{SEED}", max_retries=1)).lower(),
        "fallback": langfuse.get_prompt(f"nobody-{SEED}", fallback="Hm {{name}}", max_retries=1).compile(name="Ada") == "Hm Ada",
    }
    langfuse.update_prompt(name=TEXT, version=2, new_labels=["production"])
    equal["moved"] = langfuse.get_prompt(TEXT, cache_ttl_seconds=0).version == 2
    compiled = langfuse.get_prompt(CHAT, type="chat").compile(
        language="German", question="Wo?", **({"history": [{"role": "user", "content": "Hallo"}]} if placeholders else {})
    )
    wanted = [{"role": "system", "content": "You answer in German."}, {"role": "user", "content": "Wo?"}]
    said = [{"role": part["role"], "content": part["content"]} for part in compiled]
    equal["chat"] = said == ([wanted[0], {"role": "user", "content": "Hallo"}, wanted[1]] if placeholders else wanted)
    tell(scenario="prompts", equal=equal, names=[TEXT, CHAT])
