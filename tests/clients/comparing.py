"""Compares what a driver said it sent with what the API answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def mismatches(story: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """One line for everything that GET /api/public/traces/{id} answers otherwise than `story` says."""
    lines = differences(story["trace"], answer, "trace")
    for told in story["observations"]:
        found = _found(told, answer["observations"])
        if found:
            lines += differences({**told, "id": found["id"]}, found, told["name"])
        else:
            lines.append(f"{told['name']}: missing among {_short([item['name'] for item in answer['observations']])}")
    for told in story["scores"]:
        read = next((item for item in answer["scores"] if item["id"] == told["id"]), {})
        lines += differences({**told, **_stored(told)}, read, f"score {told['name']}")
    if len(answer["observations"]) > len(story["observations"]):
        lines.append(f"{len(answer['observations'])} observations instead of {len(story['observations'])}")
    return lines


def differences(expected: Mapping[str, Any], found: Mapping[str, Any], where: str) -> list[str]:
    """One line for each expected field that reads differently. Metadata and usage may hold more than was sent."""
    return list(_differences(expected, found, where))


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any], where: str) -> Iterator[str]:
    for key, value in expected.items():
        got = found.get(key)
        if key in ("metadata", "usageDetails"):
            yield from _differences(value, got or {}, f"{where}.{key}")
        elif got != (sorted(value) if key == "tags" else value):
            yield f"{where}.{key}: expected {_short(value)}, got {_short(got)}"


def _found(told: Mapping[str, Any], answered: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The observation a driver means: by id, or by name where the driver cannot know the id."""
    key = "id" if told["id"] else "name"
    found = [item for item in answered if item[key] == told[key]]
    return found[0] if len(found) == 1 else None


def _stored(told: Mapping[str, Any]) -> dict[str, Any]:
    """How v1 shows the value of a score: words keep 0 as their number, yes and no get a word (api.md §4.4)."""
    if told["dataType"] == "CATEGORICAL":
        return {"value": 0, "stringValue": told["value"]}
    return {"stringValue": "True" if told["value"] else "False"} if told["dataType"] == "BOOLEAN" else {}


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"
