"""Dashboards and widgets of the unstable API (spec/api.md §4.15)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.dashboards.schemas import DashboardOut, DashboardsOut, PlacementOut, WidgetOut, WidgetsOut
from tests import factories
from tests.api.conftest import Api

BOARDS, WIDGETS = "/unstable/dashboards", "/unstable/dashboard-widgets"
WIDGET: dict[str, Any] = {
    "name": "Cost per model",
    "view": "observations",
    "dimensions": [{"field": "providedModelName"}],
    "metrics": [{"measure": "totalCost", "agg": "sum"}],
    "filters": [{"column": "type", "operator": "any of", "type": "stringOptions", "value": ["GENERATION"]}],
    "chartType": "VERTICAL_BAR",
}


def send(api: Api, method: str, path: str, body: Any = None):
    return api.client.request(method, f"/api/public{path}", json=body, headers=api.headers)


def widget(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post(WIDGETS, WIDGET | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def board(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post(BOARDS, {"name": "Overview"} | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", [BOARDS, WIDGETS, f"{BOARDS}/x", f"{WIDGETS}/x"])
def test_refusals_have_codes(anonymous: TestClient, scope: ProjectScope, api: Api, path: str) -> None:
    answer = anonymous.get(f"/api/public{path}")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
    answer = anonymous.get(f"/api/public{path}", headers={"Authorization": f"Bearer {factories.public_key(scope)}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    answer = send(api, "PUT", path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_widget_lives_its_life(api: Api, stranger: Api) -> None:
    made = widget(api)
    WidgetOut.model_validate(made)
    assert made["chartConfig"] == {"type": "VERTICAL_BAR"}
    assert (made["description"], made["dimensions"], made["metrics"]) == ("", WIDGET["dimensions"], WIDGET["metrics"])
    path = f"{WIDGETS}/{made['id']}"
    assert api.get(path).json() == made
    changed = send(api, "PATCH", path, {"chartType": "PIE", "chartConfig": {"row_limit": 5}}).json()
    assert (changed["chartType"], changed["chartConfig"], changed["name"]) == ("PIE", {"type": "PIE", "row_limit": 5}, made["name"])
    listed = api.get(WIDGETS).json()
    WidgetsOut.model_validate(listed)
    assert [row["id"] for row in listed["data"]] == [made["id"]]
    assert stranger.get(WIDGETS).json()["data"] == []
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = send(stranger, method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")
    assert send(api, "DELETE", path).json() == {"message": "Dashboard widget successfully deleted"}
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"view": "traces"}, {"dimensions": [{"field": "nothing"}]}, {"metrics": []}, {"metrics": [{"measure": "nothing", "agg": "sum"}]},
        {"metrics": [{"measure": "count", "agg": "median"}]}, {"chartType": "RADAR"}, {"more": 1}, {"chartConfig": {"bins": 0}},
        {"filters": [{"column": "nothing", "operator": "=", "type": "string", "value": "x"}]}, {"name": ""},
    ],
)  # fmt: skip
def test_a_widget_must_fit_its_view(api: Api, change: dict[str, Any]) -> None:
    answer = api.post(WIDGETS, WIDGET | change)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("invalid_body", "invalid_request")


def test_a_dashboard_lives_its_life(api: Api, stranger: Api) -> None:
    made = board(api, description="All of it", filters=[])
    DashboardOut.model_validate(made)
    assert made["definition"] == {"widgets": []}
    path = f"{BOARDS}/{made['id']}"
    shown = widget(api)
    place = api.post(f"{path}/placements", {"type": "widget", "widgetId": shown["id"]}).json()
    PlacementOut.model_validate(place)
    assert {name: place[name] for name in ("x", "y", "width", "height")} == {"x": 0, "y": 0, "width": 6, "height": 6}
    below = api.post(f"{path}/placements", {"type": "preset", "presetId": "cost", "width": 12}).json()
    assert (below["y"], below["width"], below["presetId"]) == (6, 12, "cost")
    moved = send(api, "PATCH", f"{path}/placements/{place['id']}", {"x": 6, "height": 3}).json()
    assert (moved["x"], moved["width"], moved["height"]) == (6, 6, 3)
    assert [one["id"] for one in api.get(path).json()["definition"]["widgets"]] == [place["id"], below["id"]]
    used = send(api, "DELETE", f"{WIDGETS}/{shown['id']}")
    assert (used.status_code, used.json()["code"]) == (409, "conflict")
    assert send(api, "DELETE", f"{path}/placements/{place['id']}").status_code == 200
    assert send(api, "DELETE", f"{path}/placements/{place['id']}").status_code == 404
    assert send(api, "PATCH", path, {"name": "Renamed"}).json()["name"] == "Renamed"
    listed = api.get(BOARDS).json()
    DashboardsOut.model_validate(listed)
    assert listed["meta"]["totalItems"] == 1
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert send(stranger, method, path, body).status_code == 404
    assert stranger.post(f"{path}/placements", {"type": "preset", "presetId": "x"}).status_code == 404
    assert send(api, "DELETE", path).json() == {"message": "Dashboard successfully deleted"}


def test_another_tenants_widget_cannot_be_shown(api: Api, stranger: Api) -> None:
    foreign = widget(stranger)
    path = f"{BOARDS}/{board(api)['id']}/placements"
    answer = api.post(path, {"type": "widget", "widgetId": foreign["id"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"type": "widget"}, {"type": "preset", "widgetId": "x"}, {"type": "preset", "presetId": "x", "x": 12},
        {"type": "preset", "presetId": "x", "x": 8, "width": 6}, {"type": "preset", "presetId": "x", "height": 0},
    ],
)  # fmt: skip
def test_a_placement_must_fit_the_grid(api: Api, body: dict[str, Any]) -> None:
    answer = api.post(f"{BOARDS}/{board(api)['id']}/placements", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body"), answer.text


def test_below_the_lowest_row_there_is_no_room(api: Api) -> None:
    path = f"{BOARDS}/{board(api)['id']}/placements"
    assert api.post(path, {"type": "preset", "presetId": "x", "y": 100_000}).status_code == 200
    answer = api.post(path, {"type": "preset", "presetId": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text


def test_two_placements_have_two_ids(api: Api) -> None:
    path = f"{BOARDS}/{board(api)['id']}/placements"
    body = {"type": "preset", "presetId": "x", "id": "mine"}
    assert api.post(path, body).status_code == 200
    assert (api.post(path, body).status_code, api.post(path, body).json()["code"]) == (409, "conflict")
