"""Tokens are counted in a child process that comes and goes; expected counts are tiktoken's own."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from langfuse_app.ingestion.prices import ModelDefinition
from langfuse_app.runtime.token_counter import TokenCounter


def model(tokenizer: str, **config: Any) -> ModelDefinition:
    return ModelDefinition("m", "m", "m", (), tokenizer=tokenizer, tokenizer_config=config)


GPT = model("openai", tokenizerModel="gpt-4o", tokensPerMessage=3, tokensPerName=1)
PLAIN = model("openai", tokenizerModel="text-embedding-3-small")
CLAUDE = model("claude")


@pytest.fixture(scope="module")
def counter() -> Iterator[TokenCounter]:
    shared = TokenCounter()
    yield shared
    shared.close()


@pytest.mark.parametrize(
    ("definition", "given", "made", "usage"),
    [
        (GPT, "hello world", "", {"input": 2}),
        (GPT, "", "hello world", {"output": 2}),
        # 3 per message, the role, the content, 1 per name and its text, 3 for the primed answer
        (GPT, '[{"role": "user", "content": "hello world"}]', "", {"input": 3 + 1 + 2 + 3}),
        (GPT, '[{"role": "user", "name": "ada", "content": "hello world"}]', "", {"input": 3 + 1 + 2 + 1 + 1 + 3}),
        (GPT, '[{"role":"user","content":[{"text":"hi"}]}]', "", {"input": 15}),  # no chat messages: the JSON text
        (PLAIN, '[{"role":"user","content":"hi"}]', "", {"input": 11}),
        (GPT, "<|endoftext|>", "", {"input": 7}),  # special tokens of users are text
        (CLAUDE, "hello world", "yes", {"input": 2, "output": 1}),
        (model("openai", tokenizerModel="no-such-model"), "a", "b", {}),
        (model("openai", tokenizerModel="text-ada-001"), "a", "b", {}),  # its ranks are not shipped
        (model("openai"), "a", "b", {}),
        (model("other"), "a", "b", {}),
    ],
)
def test_counts(counter: TokenCounter, definition: ModelDefinition, given: str, made: str, usage: dict[str, int]) -> None:
    assert counter.count([(definition, given, made)]) == [usage]


def test_a_text_that_breaks_the_tokenizer_leaves_its_neighbours_alone(counter: TokenCounter) -> None:
    counts = counter.count([(GPT, "ok", ""), (GPT, " " * 1_000_000, "ok"), (GPT, "ok", "")])
    assert counts == [{"input": 1}, {}, {"input": 1}]


def test_many_texts_keep_their_order(counter: TokenCounter) -> None:
    counts = counter.count([(GPT, "word " * n, "") for n in range(1, 500)])
    assert counts == [{"input": n + 1} for n in range(1, 500)]


def test_the_child_leaves_when_it_has_no_work_and_comes_back() -> None:
    with fresh(idle_s=0.6) as (counter, children):
        assert counter.count([(GPT, "hello", "")]) == [{"input": 1}]
        children()[0].wait(timeout=10)
        assert counter.count([(GPT, "hello", "")]) == [{"input": 1}]


def test_a_killed_child_is_replaced() -> None:
    with fresh() as (counter, children):
        counter.count([(GPT, "hello", "")])
        children()[0].kill()
        psutil.wait_procs(children(), timeout=5)
        assert counter.count([(GPT, "hello", "")]) == [{"input": 1}]


def test_out_of_time_the_usage_stays_blank() -> None:
    with fresh(timeout_s=0.02) as (counter, children):
        assert counter.count([(GPT, "hello", ""), (GPT, "hello", "")]) == [{}, {}]
        assert not children()


class Slow(TokenCounter):
    """A counter on a busy machine."""

    def _load(self, missing: Any) -> None:
        time.sleep(0.5)
        super()._load(missing)


def test_what_is_not_loaded_yet_is_loaded_meanwhile() -> None:
    counter = Slow()
    texts = [(GPT, "hello world", "")]
    began = time.monotonic()
    assert (counter.ready(texts), counter.loading) == (False, True)
    assert time.monotonic() - began < 0.4
    wait_until(lambda: counter.ready(texts))
    assert (counter.loading, counter.count(texts)) == (False, [{"input": 2}])
    assert counter.ready([*texts, (GPT, "more", "")])
    counter.close()


def test_what_cannot_be_loaded_in_time_holds_nobody_up() -> None:
    counter = TokenCounter(timeout_s=0.01)
    texts = [(GPT, "hello world", "")]
    wait_until(lambda: counter.ready(texts))
    assert counter.count(texts) == [{}]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end


@contextmanager
def fresh(**options: float) -> Iterator[tuple[TokenCounter, Callable[[], list[psutil.Process]]]]:
    """A counter of its own, and what lists its children; none of them outlives it."""
    counter, others = TokenCounter(**options), set(_counting())

    def children() -> list[psutil.Process]:
        return [child for child in _counting() if child not in others]

    yield counter, children
    counter.close()
    assert not children()


def _counting() -> list[psutil.Process]:
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in running if "langfuse_app.ingestion.tokens" in child.cmdline()]
