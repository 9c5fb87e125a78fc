"""The examples of docs/api.md run against the product, from top to bottom."""

import re
from pathlib import Path

import httpx
import pytest

from tests.product import PUBLIC_KEY, SECRET_KEY, Product

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.mark.slow
def test_every_example_runs(tmp_path: Path) -> None:
    product = Product(tmp_path / "data").start()
    names: dict[str, object] = {"base_url": product.url, "public_key": PUBLIC_KEY, "secret_key": SECRET_KEY}
    try:
        blocks = list(re.finditer(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL))
        assert len(blocks) > 10
        for block in blocks:
            line = GUIDE.read_text()[: block.start()].count("\n") + 1
            exec(compile("\n" * line + block[1], str(GUIDE), "exec"), names)
    finally:
        client = names.get("api")
        if isinstance(client, httpx.Client):
            client.close()
        product.stop()
