"""What is asked of lists in more than one place."""

from collections import Counter
from collections.abc import Iterable


def repeated(values: Iterable[str]) -> list[str]:
    """The texts that stand there more than once, in order."""
    return sorted(value for value, times in Counter(values).items() if times > 1)


def comma_list(text: str) -> list[str]:
    """The elements of a setting that is a comma list; empty ones do not count."""
    return [part.strip() for part in text.split(",") if part.strip()]
