"""The Model Context Protocol: JSON-RPC over streamable HTTP, and tools that are routes (spec/api.md §12)."""

import re
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
import orjson
import pytest
from fastapi.testclient import TestClient

from langfuse_app.api.app import create_app
from langfuse_app.api.mcp.protocol import VERSIONS
from langfuse_app.api.mcp.tools import LONGEST_NAME, _newest, tool_name, toolbox
from langfuse_app.core.scopes import ProjectScope, Right
from langfuse_app.core.settings import get_settings
from tests import factories
from tests.api.conftest import Api
from tests.api.doors import needs_a_project_key
from tests.api.matrix import QUERIES, RENAMED
from tests.api.test_matrix import Tenant, filled

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def send(api: Api, body: Any, **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.client.post("/api/public/mcp", json=body, headers=api.headers | named)


def ask(api: Api, method: str, params: Any = None, id: Any = 1) -> dict[str, Any]:
    answer = send(api, {"jsonrpc": "2.0", "id": id, "method": method} | ({} if params is None else {"params": params}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    assert (answer.json()["jsonrpc"], answer.json()["id"]) == ("2.0", id)
    return answer.json()


def use(api: Api, name: str, /, **arguments: Any) -> dict[str, Any]:
    """The result of a tool, which is as the tool says."""
    result = ask(api, "tools/call", {"name": name, "arguments": arguments})["result"]
    schema = toolbox(api.client.app)[name].answer  # pyright: ignore[reportArgumentType] - the app of these tests
    if schema is not None and not result["isError"]:
        jsonschema_rs.validator_for(dict(schema), validate_formats=True).validate(result["structuredContent"])
    return result


def read(api: Api, name: str, /, **arguments: Any) -> Any:
    """What a tool has found."""
    result = use(api, name, **arguments)
    assert not result["isError"], result
    return result["structuredContent"]


def refused(result: dict[str, Any]) -> dict[str, Any]:
    """What a tool was refused with: as text only, since clients hold `structuredContent` against the schema of its answers."""
    assert result["isError"]
    assert "structuredContent" not in result
    return orjson.loads(result["content"][0]["text"])


def test_who_may_come_in(anonymous: TestClient, scope: ProjectScope) -> None:
    needs_a_project_key(anonymous, scope, "POST", "/mcp", PING)
    assert anonymous.post("/api/public/mcp", json=PING, headers=factories.organization_auth(scope)).status_code == 403


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (["application/json, text/event-stream"], 200), (["application/json"], 200), (["*/*"], 200), (["Application/*;q=0.5"], 200),
        (["text/event-stream", "application/json; charset=utf-8"], 200), (["text/html", "*/*;q=0.1"], 200),
        (["text/event-stream"], 406), (["text/html"], 406), ([""], 406), ([], 406), (["application/json;q=0"], 406),
        (["application/json; q=0.0, text/event-stream"], 406), (["application/jsonp"], 406),
    ],
)  # fmt: skip
def test_an_answer_must_be_acceptable(anonymous: TestClient, api: Api, accept: list[str], status: int) -> None:
    client = TestClient(anonymous.app)
    del client.headers["accept"]
    headers = [*api.headers.items(), *(("Accept", one) for one in accept)]
    answer = client.post("/api/public/mcp", json=PING, headers=headers)
    assert answer.status_code == status
    if status == 406:
        error = {"code": -32000, "message": "Not Acceptable: Client must accept application/json"}
        assert answer.json() == {"jsonrpc": "2.0", "id": None, "error": error}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/json-rpc", 415), ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415), ("", 415), ("text/plain; x=application/json", 415), (None, 415),
    ],
)  # fmt: skip
def test_a_message_must_be_json(api: Api, content_type: str | None, status: int) -> None:
    headers = api.headers | ({} if content_type is None else {"Content-Type": content_type})
    answer = api.client.post("/api/public/mcp", content=orjson.dumps(PING), headers=headers)
    assert answer.status_code == status
    if status == 415:
        error = {"code": -32000, "message": "Unsupported Media Type: Content-Type must be application/json"}
        assert answer.json() == {"jsonrpc": "2.0", "id": None, "error": error}


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_are_no_streams_and_no_sessions(api: Api, method: str) -> None:
    answer = api.send(method, "/mcp")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_large_body_is_refused(api: Api) -> None:
    assert send(api, PING | {"params": {"x": "y" * 4_000_000}}).status_code == 200
    assert send(api, PING | {"params": {"x": "y" * 4_718_592}}).status_code == 413


@pytest.mark.parametrize(("asked", "agreed"), [*zip(VERSIONS, VERSIONS, strict=True), ("1999-01-01", VERSIONS[0])])
def test_initialize_agrees_on_a_version(api: Api, asked: str, agreed: str) -> None:
    params = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    answer = send(api, {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params}, mcp_protocol_version="1999-01-01")
    result = answer.json()["result"]
    assert (result["protocolVersion"], result["capabilities"]) == (agreed, {"tools": {"listChanged": False}})
    assert result["serverInfo"].keys() == {"name", "title", "version"}
    assert "mcp-session-id" not in answer.headers
    assert ask(api, "initialize", {})["error"]["code"] == -32602


def test_the_version_header_is_checked(api: Api) -> None:
    assert send(api, PING, mcp_protocol_version="2025-03-26").json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    answer = send(api, PING, mcp_protocol_version="1999-01-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32600)


def test_what_needs_no_answer_gets_none(api: Api) -> None:
    for message in (NOTIFICATION, {"jsonrpc": "2.0", "method": "no/such"}, {"jsonrpc": "2.0", "id": 1, "result": {}}):
        answer = send(api, message)
        assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700), (b"", -32700), (b"\xff", -32700), (b"1", -32600), (b'"x"', -32600), (b"{}", -32600), (b"null", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', -32600),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(api: Api, body: bytes, code: int) -> None:
    answer = api.client.post("/api/public/mcp", content=body, headers=api.headers | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (400, None, code)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no/such", {}, -32601), ("resources/list", {}, -32601), ("notifications/initialized", {}, -32601),
        ("ping", [], -32602), ("tools/list", {"cursor": "x"}, -32602), ("tools/call", {}, -32602),
        ("tools/call", {"name": "no_such_tool"}, -32602),
        ("tools/call", {"name": ["get_trace"]}, -32602),
        ("tools/call", {"name": "get_trace", "arguments": []}, -32602),
        ("tools/call", {"name": "get_trace"}, -32602),
        ("tools/call", {"name": "get_trace", "arguments": {"traceId": ""}}, -32602),
        ("tools/call", {"name": "get_trace", "arguments": {"traceId": {}}}, -32602),
        ("tools/call", {"name": "list_traces", "arguments": {"nonsense": 1}}, -32602),
    ],
)  # fmt: skip
def test_what_cannot_be_done_has_its_code(api: Api, method: str, params: Any, code: int) -> None:
    error = ask(api, method, params, id="x")["error"]
    assert (error["code"], bool(error["message"])) == (code, True)


def test_batches_belong_to_older_versions(api: Api) -> None:
    batch = [PING, NOTIFICATION, PING | {"id": 2, "method": "no/such"}, 5]
    answer = send(api, batch)
    assert answer.status_code == 200
    assert [(one["id"], one.get("result"), one.get("error", {}).get("code")) for one in answer.json()] == [
        (1, {}, None),
        (2, None, -32601),
        (None, None, -32600),
    ]
    assert send(api, batch, mcp_protocol_version="2024-11-05").json() == answer.json()
    assert send(api, [NOTIFICATION]).status_code == 202
    for wrong in ([], [PING] * 51, [PING | {"method": "initialize"}]):
        assert (send(api, wrong).status_code, send(api, wrong).json()["error"]["code"]) == (400, -32600)
    assert send(api, batch, mcp_protocol_version="2025-06-18").status_code == 400


@pytest.fixture(scope="module")
def tools(anonymous: TestClient) -> list[dict[str, Any]]:
    return ask(Api(anonymous, factories.project()), "tools/list")["result"]["tools"]


def test_every_tool_is_well_formed(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        assert tool.keys() - {"outputSchema"} == {"name", "description", "inputSchema", "annotations"}
        assert len(tool["name"]) <= LONGEST_NAME
        assert tool["name"].replace("_", "").isalpha()
        assert tool["description"]
        schema = tool["inputSchema"]
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.validator_for(schema)  # every reference leads somewhere
        assert (schema["type"], schema["required"]) == ("object", [name for name in schema["properties"] if name in schema["required"]])


def test_tools_say_what_they_answer(tools: list[dict[str, Any]]) -> None:
    schemas = {tool["name"]: tool["outputSchema"] for tool in tools if "outputSchema" in tool}
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)
        jsonschema_rs.validator_for(schema)  # every reference leads somewhere
        assert schema["type"] == "object"
    assert {"id", "observations", "scores"} <= schemas["get_trace"]["properties"].keys()
    assert schemas["list_traces"]["properties"].keys() == {"data", "meta"}
    silent = {tool["name"] for tool in tools} - schemas.keys()
    assert silent == {"delete_prompt"}  # which has nothing to say


def test_every_reading_tool_answers_as_it_says(anonymous: TestClient) -> None:
    tenant = Tenant(anonymous)
    api, checked = Api(anonymous, tenant.scope), 0
    for tool in toolbox(anonymous.app).values():  # pyright: ignore[reportArgumentType] - the app of these tests
        if tool.method == "GET":
            path = RENAMED.get(tool.route, tool.route)
            ids = [tenant.ids[name] for name in re.findall(r"\{(\w+)\}", path)]
            asked = dict(parse_qsl(filled(QUERIES.get(f"GET {path}", ""), tenant.ids)))
            assert not use(api, tool.name, **dict(zip(tool.path, ids, strict=True)), **asked)["isError"], tool.name
            checked += tool.answer is not None
    assert checked > 40


def test_tools_are_the_routes_of_a_project(tools: list[dict[str, Any]]) -> None:
    names = [tool["name"] for tool in tools]
    assert names == sorted(set(names))
    assert {
        *("list_traces", "get_trace", "delete_trace", "list_observations", "get_observation", "list_sessions", "create_score"),
        *("list_scores", "list_metrics", "create_prompt", "get_prompt", "update_prompt_version", "create_dataset_item"),
        *("list_dataset_runs", "get_dataset_run", "upsert_llm_connection", "replace_model", "get_skill", "list_experiments"),
    } <= set(names)
    assert [name for name in names if any(word in name for word in ("scim", "otel", "organization", "health", "mcp", "span"))] == []
    routes = [tool["description"].rpartition("\n")[2] for tool in tools]
    assert {"POST /api/public/v2/prompts", "GET /api/public/v3/scores", "GET /api/public/v2/scores/{score_id}"} <= set(routes)
    assert {"POST /api/public/ingestion", "POST /api/public/media", "GET /api/public/prompts"} & set(routes) == set()


def test_no_two_routes_share_a_name() -> None:
    app = create_app()
    box = toolbox(app)
    assert toolbox(app) is box
    operations = [(tool.method, tool.route) for tool in box.values()]
    assert len(operations) == len(set(operations)) > 80
    names = [tool_name(method, path) for method, path, _ in _newest(app.openapi()["paths"])]
    assert sorted(names) == sorted(box)  # of two with one name, one would silently take the other's place


def test_hints_follow_the_method(tools: list[dict[str, Any]]) -> None:
    hints = {tool["name"]: tool["annotations"] for tool in tools}
    assert (hints["list_traces"]["readOnlyHint"], hints["list_traces"]["destructiveHint"]) == (True, False)
    assert (hints["create_prompt"]["readOnlyHint"], hints["create_prompt"]["destructiveHint"]) == (False, False)
    assert (hints["delete_trace"]["destructiveHint"], hints["update_skill"]["destructiveHint"]) == (True, True)


def test_arguments_are_parameters_and_fields(tools: list[dict[str, Any]]) -> None:
    schemas = {tool["name"]: tool["inputSchema"] for tool in tools}
    assert schemas["get_trace"]["required"] == ["traceId"]
    assert {"datasetName", "input"} <= schemas["create_dataset_item"]["properties"].keys()
    assert schemas["create_evaluator"]["required"] == ["body"]  # one of several kinds
    assert {"traceId", "name", "value"} <= schemas["create_score"]["properties"].keys()


def test_reading(api: Api, scope: ProjectScope) -> None:
    trace_id = factories.trace(scope, name="a trace", tags=["x", "y"], output="Grüße")
    factories.trace(scope, name="another", tags=["x"])
    result = use(api, "get_trace", traceId=trace_id)
    assert (result["isError"], result["_meta"]) == (False, {"status": 200})
    assert result["structuredContent"] == api.get(f"/traces/{trace_id}").json()
    assert result["content"] == [{"type": "text", "text": api.get(f"/traces/{trace_id}").text}]
    assert [row["id"] for row in read(api, "list_traces", tags=["x", "y"], limit=5, fromTimestamp="2026-01-01T00:00:00Z")["data"]] == [
        trace_id
    ]
    wanted = [{"column": "name", "type": "string", "operator": "=", "value": "another"}]
    assert [row["name"] for row in read(api, "list_traces", filter=wanted, page=1, name=None)["data"]] == ["another"]


def test_writing(api: Api, scope: ProjectScope) -> None:
    made = read(api, "create_prompt", name="folder/greeting", prompt="Hello", labels=["production"])
    assert (made["version"], made["createdBy"]) == (1, "API")
    assert read(api, "get_prompt", promptName="folder/greeting")["prompt"] == "Hello"
    assert read(api, "update_prompt_version", name="folder/greeting", version=1, newLabels=["x"])["labels"] == ["production", "latest", "x"]
    [entry] = factories.audit_log(resource_id=made["id"], action="create")
    assert (entry.type, entry.project_id) == ("API_KEY", scope.project_id)
    gone = use(api, "delete_prompt", promptName="folder/greeting")
    assert (gone["isError"], gone["content"]) == (False, [{"type": "text", "text": "Done (204)"}])
    trace_id = factories.trace(scope)
    assert read(api, "create_score", traceId=trace_id, name="n", value=1)["id"]


def test_a_refusal_is_the_routes_own(api: Api) -> None:
    for name, arguments, path in (
        ("get_trace", {"traceId": "no/such"}, "/traces/no%2Fsuch"),
        ("get_trace", {"traceId": ".."}, "/traces/%2E%2E"),
        ("list_traces", {"limit": 0}, "/traces?limit=0"),
        ("get_skill", {"skillName": "x"}, "/unstable/skills/x"),
    ):
        result, direct = use(api, name, **arguments), api.get(path)
        assert (result["isError"], result["_meta"], refused(result)) == (True, {"status": direct.status_code}, direct.json())
        assert direct.status_code >= 400
    assert refused(use(api, "create_dataset", description="without a name"))["error"][0]["path"] == ["name"]
    assert use(api, "create_evaluator")["isError"]


def test_another_tenant_finds_nothing(api: Api, scope: ProjectScope, stranger: Api) -> None:
    trace_id = factories.trace(scope, name="mine")
    result = use(stranger, "get_trace", traceId=trace_id)
    assert (result["isError"], result["_meta"]["status"]) == (True, 404)
    assert read(stranger, "list_traces")["data"] == []
    assert use(stranger, "delete_trace", traceId=trace_id)
    assert read(api, "get_trace", traceId=trace_id)["name"] == "mine"


def test_a_narrowed_key_does_what_it_may(anonymous: TestClient, scope: ProjectScope) -> None:
    reader = Api(anonymous, scope)
    reader.headers = factories.basic_auth(scope, Right.READ)
    assert read(reader, "list_traces")["data"] == []
    refused = use(reader, "create_dataset", name="x")
    assert (refused["isError"], refused["_meta"]["status"]) == (True, 403)
    writer = Api(anonymous, scope)
    writer.headers = factories.basic_auth(scope, Right.SCORES)
    assert not use(writer, "create_score", traceId="t", name="n", value=1)["isError"]
    assert use(writer, "list_traces")["_meta"]["status"] == 403


def test_a_call_belongs_to_its_request(api: Api) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = PING | {"method": "tools/call", "params": {"name": "list_projects"}}
    answer = send(api, body, traceparent=traceparent, x_request_id="mine")
    assert (answer.headers["x-request-id"], answer.headers["traceparent"][3:35]) == ("mine", traceparent[3:35])


def test_only_named_hosts(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(api, PING, host="evil.example").status_code == 200
    monkeypatch.setattr(get_settings(), "LANGFUSE_MCP_ALLOWED_HOSTS", "Langfuse.example, localhost")
    assert send(api, PING, host="langfuse.example:3000").status_code == 200
    assert send(api, PING, host="localhost", origin="http://localhost:8080").status_code == 200
    for headers in (
        {"host": "evil.example"},
        {"host": "localhost", "origin": "https://evil.example"},
        {"host": "localhost", "origin": "null"},
    ):
        answer = send(api, PING, **headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "ForbiddenError")


def test_a_client_finds_it(anonymous: TestClient) -> None:
    found = anonymous.get("/.well-known/mcp.json")
    [remote] = found.json()["remotes"]
    assert (remote["type"], remote["supportedProtocolVersions"]) == ("streamable-http", list(VERSIONS))
    assert remote["url"].endswith("/api/public/mcp")
