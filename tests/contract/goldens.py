"""What both views of recordings share: amounts as text, where the golden files lie, and writing them again."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any


def amounts(value: Any) -> Any:
    """Decimals of a map as text, everything else as it is."""
    if isinstance(value, dict):
        return {key: f"{item.normalize():f}" if isinstance(item, Decimal) else item for key, item in value.items()}
    return value


def files(folders: list[Path], golden: Path) -> Iterator[tuple[Path, Path]]:
    """Scenario folder and golden file."""
    for folder in folders:
        yield folder, golden / folder.parent.name / f"{folder.name}.json"


def write(pairs: Iterator[tuple[Path, Path]], view: Callable[[Path], dict[str, Any]]) -> None:
    """Every golden file as the view shows its scenario now."""
    for source, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(view(source), indent=1, ensure_ascii=False) + "\n")
