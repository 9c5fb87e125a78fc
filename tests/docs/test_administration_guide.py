"""The examples of docs/administration.md run, from top to bottom."""

import re
from pathlib import Path

from tests.web import web_process

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "administration.md"


def test_every_example_runs(engines: object) -> None:
    with web_process(role="api", ADMIN_API_KEY="admin-key") as url:
        names: dict[str, object] = {"base_url": url, "admin_key": "admin-key"}
        for block in re.finditer(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
            line = GUIDE.read_text()[: block.start()].count("\n") + 1
            exec(compile("\n" * line + block[1], str(GUIDE), "exec"), names)
        for name in ("admin", "org", "dashboard"):
            names[name].close()  # pyright: ignore
