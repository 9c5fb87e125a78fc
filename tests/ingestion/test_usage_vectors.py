"""No token is counted twice and none is free: usage and cost of each provider's shape in each form it arrives in."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from langfuse_app.ingestion.changes import Request
from langfuse_app.ingestion.otlp import decode_export
from langfuse_app.ingestion.pricing import enrich
from langfuse_app.ingestion.rows import ObservationRow
from langfuse_app.ingestion.usage import provided_usage
from tests.ingestion.shipped import matcher

VECTORS = json.loads(Path(__file__).with_name("usage_vectors.json").read_text())
CASES = [
    pytest.param(vector, form, id=f"{vector['name']} [{'json' if 'usageDetails' in form else 'otlp'} {number}]")
    for vector in VECTORS
    for number, form in enumerate(vector["forms"])
]


def from_json(form: dict[str, Any]) -> dict[str, int]:
    return provided_usage(None, form["usageDetails"])


def from_otlp(form: dict[str, Any], model: str) -> dict[str, int]:
    attributes = form["otlp"] | {"gen_ai.request.model": model, "llm.model_name": model, "langfuse.observation.type": "generation"}
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "call",
        "startTimeUnixNano": "1764028800000000000",
        "endTimeUnixNano": "1764028801000000000",
        "attributes": [
            {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"intValue": value}}
            for key, value in attributes.items()
        ],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": form.get("scope", "vectors")}, "spans": [span]}]}]}
    request = Request("r", "p", 1764028802000000, "otlp-json")
    changes = decode_export(json.dumps(body).encode(), None, request)
    return next(change.fields["provided_usage_details"] for change in changes if getattr(change, "kind", "") == "observation")


@pytest.mark.parametrize(("vector", "form"), CASES)
def test_each_token_is_priced_by_one_key(vector: dict[str, Any], form: dict[str, Any]) -> None:
    usage = from_json(form) if "usageDetails" in form else from_otlp(form, vector["model"])
    row = ObservationRow(
        project_id="p",
        trace_id="t",
        id="o",
        start_time=0,
        provided_model_name=vector["model"],
        provided_usage_details=usage,
        model_parameters=json.dumps(vector.get("parameters", {})),
    )
    enrich(row, matcher())

    renamed = {"input_cache_read": form["cached"]} if "cached" in form else {}
    expected = {renamed.get(key, key): (units, Decimal(price) / 1_000_000) for key, (units, price) in vector["cost"].items()}
    assert row.usage_details["total"] == vector["total_tokens"]
    assert {key: row.usage_details[key] for key in expected} == {key: units for key, (units, _) in expected.items()}
    charged = {key: price for key, price in row.unit_prices.items() if row.usage_details[key] or key in expected}
    assert charged == {key: price for key, (_, price) in expected.items()}
    assert row.total_cost == sum(units * price for units, price in expected.values())
    assert (row.usage_pricing_tier_name, row.cost_source) == (vector["tier"], "computed")
    parts = sum(units for key, units in row.usage_details.items() if key != "total" and not key.endswith("queries"))
    assert parts == vector["total_tokens"]
