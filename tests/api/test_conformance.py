"""Every operation of our OpenAPI document under schemathesis: what it generates is answered as the document says, never with a 500.

Tenants with one object of every kind stand ready, and their ids are what half of the generated requests name.
The short run is the same every time. The long one looks for new things; CONFORMANCE_EXAMPLES and CONFORMANCE_OPTIONS widen or narrow it.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.settings import Settings
from tests.api.matrix import QUERIES
from tests.api.test_matrix import Tenant, filled
from tests.web import web_process

CONFIG = Path(__file__).with_name("schemathesis.toml")
ADMIN_KEY = "the-admin-key-of-conformance"
# Nothing in it comes from earlier answers, in which times and ids are always new.
FIXED = "[phases.fuzzing.extra-data-sources]\nresponses = false\n"
SHORT = ["--phases", "examples,fuzzing", "--max-examples", "6", "--generation-deterministic", "--no-shrink"]
EXAMPLES = int(os.environ.get("CONFORMANCE_EXAMPLES", "30"))
LONG = ["--max-examples", str(EXAMPLES), "--generation-database", "none"]
# Part by part: scenarios along the links are made anew until their time is over.
ROUNDS = [
    ("keys", ["--phases", "examples,coverage,fuzzing"]),
    ("keys", ["--phases", "stateful", "--max-time", str(3 * EXAMPLES)]),
    ("administrator", []),
]
MORE = os.environ.get("CONFORMANCE_OPTIONS", "").split()
# The administrator could delete the keys of everybody else, and so has a run of his own.
PARTS = {"keys": ["--exclude-path-regex", "^/api/admin/"], "administrator": ["--include-path-regex", "^/api/admin/"]}

# Where the ids of objects stand, when they are not called there as they are in the matrix.
_RENAMED = {
    "path.id": ["model_id"],
    "path.name": ["prompt_name"],
    "path.item_id": ["item_id", "dataset_item_id"],
    "path.evaluator_id": ["evaluator_id", "own_evaluator_id"],
    "path.rule_id": ["rule_id", "own_rule_id"],
    "path.api_key_id": ["api_key_id", "organization_key_id"],
    "query.name": ["prompt_name"],
    "query.traceId": ["trace_id"],
    "query.datasetId": ["dataset_id"],
    "query.datasetName": ["dataset_name"],
    "query.runName": ["run_name"],
    "body.traceId": ["trace_id"],
    "body.objectId": ["trace_id", "observation_id", "session_id"],
    "body.projectId": ["project_id"],
    "body.userId": ["user_id", "member_id"],
    "body.datasetName": ["dataset_name"],
    "body.datasetItemId": ["dataset_item_id"],
    "body.scoreConfigIds[*]": ["config_id"],
    "body.widgetId": ["widget_id"],
    "body.evaluatorAssignments[*].evaluatorId": ["own_evaluator_id"],
}
# What belongs to the tenant whose organisation key is used: that key may delete the project.
_OF_ORGANIZATION = ("project_id", "api_key_id", "organization_key_id", "organization_id", "user_id")
# What lists and queries are asked, beside anything else.
_ASKED = {
    "query.label": ["latest", "production", "staging"],
    "query.filter": [
        "[]",
        '[{"type":"string","column":"name","operator":"contains","value":"a"}]',
        '[{"type":"datetime","column":"timestamp","operator":">","value":"2026-01-01T00:00:00Z"}]',
        '[{"type":"stringOptions","column":"environment","operator":"none of","value":["default"]}]',
        'userName eq "ada@example.com"',
    ],
}


@pytest.fixture(scope="module")
def tenants(anonymous: TestClient) -> tuple[Tenant, Tenant]:
    """Whose project key is used, and whose organisation key."""
    return Tenant(anonymous), Tenant(anonymous)


@pytest.fixture(scope="module")
def product(engines: Settings) -> Iterator[str]:
    """The address of a web process."""
    with web_process(role="api", ADMIN_API_KEY=ADMIN_KEY) as url:
        yield url


def dictionaries(mine: Tenant, theirs: Tenant) -> str:
    """The part of the configuration that names objects and queries."""
    known = {f"path.{name}": [name] for name in mine.ids if name.endswith(("_id", "_name"))} | _RENAMED
    ids = mine.ids | {name: theirs.ids[name] for name in _OF_ORGANIZATION} | {"member_id": mine.ids["user_id"]}
    values = {place: [ids[name] for name in names] for place, names in known.items()}
    queries = [filled(text, mine.ids).removeprefix("query=") for text in QUERIES.values() if text.startswith("query=")]
    values |= _ASKED | {"query.query": queries}
    lines = [f"[dictionaries.known-{number}]\nvalues = {json.dumps(found)}" for number, found in enumerate(values.values())]
    bound = [f'{json.dumps(place)} = {{ dictionary = "known-{number}", probability = 0.5 }}' for number, place in enumerate(values)]
    return "\n".join([*lines, "[parameters]", *bound, ""])


def credentials(kind: str, headers: dict[str, str]) -> dict[str, str]:
    """The environment variables of a pair of keys."""
    public, secret = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().split(":")
    return {f"{kind}_PUBLIC_KEY": public, f"{kind}_SECRET_KEY": secret}


def check(product: str, tenants: tuple[Tenant, Tenant], folder: Path, *options: str, more: str = "") -> None:
    mine, theirs = tenants
    config = folder / "schemathesis.toml"
    config.write_text(dictionaries(mine, theirs) + more + CONFIG.read_text())
    environment = os.environ | credentials("PROJECT", mine.keys["project"]) | credentials("ORGANIZATION", theirs.keys["organization"])
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(config), "run", f"{product}/api/public/openapi.json"]
    command += ["--continue-on-failure", "--no-color", *options, *MORE]
    found = subprocess.run(command, cwd=folder, env=environment | {"ADMIN_API_KEY": ADMIN_KEY}, capture_output=True, text=True, check=False)
    print(found.stdout[-3000:])
    assert found.returncode == 0, found.stdout[-20_000:] + found.stderr[-2000:]
    _still_let_in(product, mine.keys["project"], "/api/public/projects")
    _still_let_in(product, theirs.keys["organization"], "/api/public/organizations/projects")


def _still_let_in(product: str, headers: dict[str, str], path: str) -> None:
    """A run whose key was deleted underway would have seen little but 401."""
    assert httpx.get(product + path, headers=headers).status_code == 200


@pytest.mark.long  # a generator of cases has no place where a chance finding would stop everybody
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", PARTS)
def test_every_operation_answers_as_documented(product: str, tenants: tuple[Tenant, Tenant], tmp_path: Path, part: str) -> None:
    check(product, tenants, tmp_path, *PARTS[part], *SHORT, more=FIXED)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("part", "phases"), ROUNDS, ids=["whatever is asked", "wherever links lead", "administrator"])
def test_it_looks_for_more(product: str, tenants: tuple[Tenant, Tenant], tmp_path: Path, part: str, phases: list[str]) -> None:
    check(product, tenants, tmp_path, *PARTS[part], *LONG, *phases)
