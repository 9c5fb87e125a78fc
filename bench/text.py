"""Payload text: pseudo prose that compresses and tokenises like prose, with islands of JSON and code.

Words follow Zipf's law. Of the blocks, 70 % are ASCII, 15 % hold Latin-1 letters and 15 % CJK, Cyrillic and emoji,
because wide strings take other paths through every decoder.
"""

import json
import random
from functools import lru_cache
from itertools import accumulate

POOL_CHARACTERS = 16_000_000
_BLOCK_WORDS = 12_000
_SYLLABLES = "an be cor di el fa gri ho in ju ka lo mi nor op pra qui re sta ti un ver wo xi yo zan tion ment ing er al ous"
_LATIN = ("größe", "naïve", "façade", "señal")
_WIDE = ("日本語", "данные", "🚀", "“quoted”", "größe")


@lru_cache(maxsize=1)
def pool(seed: int = 1, size: int = POOL_CHARACTERS) -> str:
    """`size` characters; payloads are slices of it."""
    rng = random.Random(seed)
    words = _vocabulary(rng)
    weights = list(accumulate(1 / rank**1.02 for rank in range(1, len(words) + 1)))
    blocks: list[str] = []
    total = 0
    while total < size:
        blocks.append(_block(rng, rng.choices(_variant(rng, words), cum_weights=weights, k=_BLOCK_WORDS)))
        total += len(blocks[-1])
    return "".join(blocks)[:size]


def _vocabulary(rng: random.Random) -> list[str]:
    words: dict[str, None] = {}
    syllables = _SYLLABLES.split()
    while len(words) < 20_000:
        words["".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3, 3, 4))))] = None
    return list(words)


def _variant(rng: random.Random, words: list[str]) -> list[str]:
    """The vocabulary of a block: some common words give way to ones of another script."""
    draw = rng.random()
    strangers = () if draw < 0.70 else _LATIN if draw < 0.85 else _WIDE
    changed = list(words) if strangers else words
    for number, word in enumerate(strangers):
        changed[40 + 50 * number] = word
    return changed


def _block(rng: random.Random, words: list[str]) -> str:
    parts: list[str] = []
    at = 0
    while at < len(words) - 22:
        taken = words[at : at + rng.randrange(6, 22)]
        at += len(taken)
        parts.append(_sentence(rng.random(), taken))
    return "".join(parts)


def _sentence(draw: float, words: list[str]) -> str:
    if draw < 0.90:
        return " ".join(words).capitalize() + (". " if draw < 0.8 else ".\n")
    if draw < 0.96:
        return json.dumps({words[0]: len(words), words[1]: [1, 2, 3], "note": words[-1]}) + "\n"
    return f"def {words[0]}(x):\n    return {words[1]}(x, {len(words)})\n"
