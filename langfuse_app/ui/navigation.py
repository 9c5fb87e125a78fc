"""The register of places: every page adds its own entry, and the sidebar and the palette show them all."""

from dataclasses import dataclass

from langfuse_app.ui.text import t

OBSERVABILITY, PROMPTS, EVALUATION = t("observability"), t("prompt_management"), t("evaluation")
_GROUPS = ("", OBSERVABILITY, PROMPTS, EVALUATION)


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A place. path: below /project/<id>; icon: a lucide name; order: within its group; foot: at the sidebar's end."""

    label: str
    icon: str
    path: str
    group: str = ""
    order: int = 100
    foot: bool = False


_register: dict[str, NavEntry] = {}


def add(entry: NavEntry) -> None:
    """Called when a page's module is imported."""
    _register[entry.path] = entry


def entries(*, foot: bool = False) -> dict[str, list[NavEntry]]:
    """Group → entries, in the order of the sidebar. Groups of other names come after the known ones."""
    chosen = sorted((entry for entry in _register.values() if entry.foot is foot), key=lambda entry: (entry.order, entry.label))
    groups = [*_GROUPS, *sorted({entry.group for entry in chosen} - set(_GROUPS))]
    return {group: members for group in groups if (members := [entry for entry in chosen if entry.group == group])}
