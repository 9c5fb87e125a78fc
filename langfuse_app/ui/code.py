"""Code as HTML with a little colour: strings, comments, keywords, decorators. Pure."""

import re
from html import escape

_WORDS = "from|import|def|return|async|await|const|new|for|in|if|else|class|with|export"
_PIECE = re.compile(rf"""(?P<s>"[^"\n]*"|'[^'\n]*')|(?P<c>(?<![\w"'/])#[^\n]*)|(?P<k>@\w+)|\b(?P<w>{_WORDS})\b""")


def highlight(text: str) -> str:
    """The text, escaped, with spans of the classes s, c, k and w."""
    parts: list[str] = []
    end = 0
    for piece in _PIECE.finditer(text):
        parts += [escape(text[end : piece.start()], quote=False), f'<span class="{piece.lastgroup}">{escape(piece[0], quote=False)}</span>']
        end = piece.end()
    return "".join(parts) + escape(text[end:], quote=False)
