"""Names that make folders: prompts and datasets share one rule."""

import re

_HTML = re.compile(r"<[^>]*>")


def folder_problem(name: str) -> str:
    """Why a name with `/` as separator of folders may not be used, '' when it may."""
    if not name.strip():
        return "Name cannot be empty"
    if _HTML.search(name):
        return "Text cannot contain HTML tags"
    if name.startswith("/"):
        return "Name cannot start with a slash"
    if name.endswith("/"):
        return "Name cannot end with a slash"
    return "Name cannot contain consecutive slashes" if "//" in name else ""
