"""One table for people."""

from typing import Any


def render(rows: list[tuple[str, Any]], title: str) -> str:
    """Two columns, numbers as people read them."""
    cells = [(name, _shown(value)) for name, value in rows]
    width = max(len(name) for name, _ in cells)
    lines = [title, "-" * len(title), *(f"{name:<{width}}  {value}" for name, value in cells)]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {_shown(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
