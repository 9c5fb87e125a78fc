"""The wheel, installed in an empty environment, runs the whole system from any folder: nothing of the tree is missed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.product import EMAIL, PASSWORD, ROOT, Product, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bin/ of an environment that holds what requirements.lock names and the wheel, and nothing else."""
    place = tmp_path_factory.mktemp("installed")
    uv = Path(sys.executable).with_name("uv")
    run(sys.executable, ROOT / "scripts" / "make_wheel.py")
    wheel = max((ROOT / "dist").glob("langfuse_app-*.whl"), key=os.path.getmtime)
    run(uv, "venv", "--python", sys.executable, place / "env")
    python = place / "env" / "bin" / "python"
    run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", ROOT / "requirements.lock")
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    return place / "env" / "bin"


def test_it_runs_without_the_tree(installed: Path, tmp_path: Path) -> None:
    product = Product(tmp_path / "data", command=[str(installed / "langfuse-app")], cwd=tmp_path).start()
    try:
        with httpx.Client(base_url=product.url, follow_redirects=True) as browser:
            assert "<html" in browser.get("/auth/sign-in").text.lower()
            answer = browser.post("/api/auth/sign-in", data={"email": EMAIL, "password": PASSWORD, "next": "/"}, follow_redirects=False)
            assert answer.status_code == 303
        found = json.loads(run(installed / "langfuse-app", "doctor", "--json", "--data-dir", product.data_dir, cwd=tmp_path))
        assert [finding for finding in found if not finding["ok"]] == []
    finally:
        product.stop()


def test_the_libraries_name_stays_theirs(installed: Path, tmp_path: Path) -> None:
    code = "import alembic, langfuse_app, worker; print(alembic.__version__, langfuse_app.__file__)"
    version, where = run(installed / "python", "-c", code, cwd=tmp_path).split()
    assert version[0].isdigit()
    assert where.startswith(str(installed.parent))
