"""Writes the generated pages of docs/: settings from the settings class, metrics and commands from the code."""

from pathlib import Path

from langfuse_app.core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
HEAD = """# Settings

All settings are environment variables. Names without `LANGFUSE_` are those that Langfuse itself uses, so a compose file
of theirs can be re-pointed; a wrong value stops the start with one line that names the setting. This page is generated
from `langfuse_app/core/settings.py` by `make docs`.

| Setting | Default | What it is for |
|---|---|---|
"""


def settings_page() -> str:
    """docs/settings.md."""
    return HEAD + "".join(_row(name) for name in Settings.model_fields)


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = "" if field.default in ("", None) else f"`{field.default}`"
    return f"| `{name}` | {default} | {field.description} |\n"


def main() -> None:
    """Write the pages."""
    (ROOT / "docs" / "settings.md").write_text(settings_page())


if __name__ == "__main__":
    main()
