"""POST /api/public/feedback (spec/api.md §3.1)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.features.feedback.models import Feedback
from langfuse_app.stores.postgres import session
from tests import factories
from tests.api.conftest import Api

BODY = {"targetType": "docs", "target": "/docs/sdk", "feedback": "More examples, please", "referenceUrl": None}


def test_it_is_stored(api: Api) -> None:
    answer = api.post("/feedback", BODY)
    assert (answer.status_code, answer.json().keys()) == (201, {"id"})
    with session() as current:
        stored = current.get(Feedback, answer.json()["id"])
    assert stored is not None
    assert (stored.project_id, stored.target_type, stored.feedback) == (api.scope.project_id, "docs", BODY["feedback"])


@pytest.mark.parametrize("wrong", [{"targetType": "weather"}, {"target": ""}, {"feedback": None}, {"more": 1}, {"feedback": "\x00"}])
def test_wrong_bodies(api: Api, wrong: dict[str, Any]) -> None:
    answer = api.post("/feedback", BODY | wrong)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid request data")


def test_limits(anonymous: TestClient, api: Api) -> None:
    assert api.post("/feedback", BODY | {"goal": "x" * 17_000}).status_code == 413
    assert anonymous.post("/api/public/feedback", json=BODY).status_code == 401
    public = {"Authorization": f"Bearer {factories.public_key(api.scope)}"}
    assert anonymous.post("/api/public/feedback", json=BODY, headers=public).status_code == 403
