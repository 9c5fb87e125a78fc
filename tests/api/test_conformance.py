"""Every operation of our OpenAPI document under schemathesis: what it generates is answered as the document says, never with a 500."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from langfuse_app.core.settings import Settings
from tests import factories
from tests.web import web_process

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = int(os.environ.get("CONFORMANCE_EXAMPLES", "8"))


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_operation_answers_as_documented(engines: Settings) -> None:
    headers = factories.basic_auth(factories.project("conformance"))
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--header", f"Authorization:{headers['Authorization']}", "--no-color"]
    extra = os.environ.get("CONFORMANCE_OPTIONS", "").split()
    with web_process() as url:
        command = [
            str(Path(sys.executable).with_name("st")),
            "--config-file",
            str(CONFIG),
            "run",
            f"{url}/api/public/openapi.json",
            *options,
            *extra,
        ]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-20_000:]
