"""The bundle is rebuilt when its inputs change, and serves under any address."""

import gzip
from pathlib import Path

import pytest

from langfuse_app.runtime import bundle
from langfuse_app.runtime.child import StartError


def test_the_backend_of_a_bundle_is_the_host_of_its_page(tmp_path: Path) -> None:
    script = tmp_path / "assets" / "reflex-env-1.js"
    script.parent.mkdir()
    script.write_text('a={EVENT:`ws://localhost:8000/_event`,PING:"http://localhost:8000/ping"}')
    script.with_suffix(".js.gz").write_bytes(b"old")
    bundle._follow_the_page(tmp_path)
    new = 'a={EVENT:(location.protocol.replace("http","ws")+"//"+location.host+"/_event"),PING:(location.origin+"/ping")}'
    assert script.read_text() == new
    assert gzip.decompress(script.with_suffix(".js.gz").read_bytes()).decode() == new


def test_a_bundle_without_an_address_to_replace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="address was not found"):
        bundle._follow_the_page(tmp_path)


def test_a_page_is_an_input_and_a_service_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_ROOT", tmp_path)
    feature = tmp_path / "langfuse_app" / "features" / "traces"
    feature.mkdir(parents=True)
    before = bundle.inputs_hash()
    (feature / "service.py").write_text("")
    assert bundle.inputs_hash() == before
    (feature / "page.py").write_text("")
    assert bundle.inputs_hash() != before


def test_every_module_that_knows_reflex_is_an_input() -> None:
    inputs = set(bundle._inputs())
    package = Path(bundle.__file__).parents[1]
    knowing = {path for path in package.rglob("*.py") if "import reflex as rx" in path.read_text() and "_data" not in path.parts}
    assert knowing
    assert knowing - inputs == set()
