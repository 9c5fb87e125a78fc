"""The isolation matrix as data: a row for every route of the app. tests/api/test_matrix.py says what the columns mean.

To add a route: a line in ROUTES, its body in BODIES and its query in QUERIES where it needs one, and where its path names an object of a new
kind, a line in OBJECTS that makes one.
"""

from typing import Any

# who may come in · method · path · what the owner of the objects is answered, * when a marked text is in it · what a
# foreign tenant is answered, who never sees the mark
ROUTES = """
open          GET     /api/public/openapi.json                                  200  200
open          GET     /api/docs                                                 200  200
open          GET     /api/public/health                                        200  200
open          HEAD    /api/public/health                                        200  200
open          GET     /api/public/ready                                         200  200
open          HEAD    /api/public/ready                                         200  200
open          GET     /health/queues                                            200  200
open          GET     /metrics                                                  200  200
open          GET     /.well-known/mcp.json                                     200  200
open          POST    /api/auth/sign-in                                         303  303
open          GET     /api/auth/sign-out                                        303  303
open          GET     /trace/{trace_id}                                         303  303
open          GET     /api/traces/{trace_id}/download                           400  400
open          GET     /api/public/media/files/{token}                           403  403
open          HEAD    /api/public/media/files/{token}                           403  403
open          PUT     /api/public/media/files/{token}                           403  403

scores        POST    /api/public/ingestion                                     207  207
project       POST    /api/public/otel/v1/traces                                200  200
project       POST    /v1/traces                                                200  200
project       POST    /api/public/otel/v1/metrics                               200  200
project       GET     /api/public/ingestion-log                                 200  200
project       POST    /api/public/feedback                                      201  201
tools         POST    /api/public/mcp                                           200  200

project       GET     /api/public/projects                                      200  200
organization  POST    /api/public/projects                                      201  201
organization  PUT     /api/public/projects/{project_id}                         200  404
organization  GET     /api/public/projects/{project_id}/apiKeys                 200* 404
organization  POST    /api/public/projects/{project_id}/apiKeys                 201  404
organization  DELETE  /api/public/projects/{project_id}/apiKeys/{api_key_id}    200  404
organization  GET     /api/public/projects/{project_id}/memberships             200* 404
organization  PUT     /api/public/projects/{project_id}/memberships             200  404
organization  DELETE  /api/public/projects/{project_id}/memberships             200  404
organization  GET     /api/public/organizations/memberships                     200* 200
organization  PUT     /api/public/organizations/memberships                     200  200
organization  DELETE  /api/public/organizations/memberships                     200  200
organization  GET     /api/public/organizations/projects                        200  200
organization  GET     /api/public/organizations/apiKeys                         200  200
organization  GET     /api/public/integrations/blob-storage                     200* 200
organization  PUT     /api/public/integrations/blob-storage                     200  404
organization  GET     /api/public/integrations/blob-storage/{project_id}        200  404
organization  DELETE  /api/public/integrations/blob-storage/{project_id}        200  404
organization  DELETE  /api/public/projects/{project_id}                         202  404

scim          GET     /api/public/scim/ServiceProviderConfig                    200  200
scim          GET     /api/public/scim/ResourceTypes                            200  200
scim          GET     /api/public/scim/Schemas                                  200  200
scim          GET     /api/public/scim/Users                                    200* 200
scim          POST    /api/public/scim/Users                                    201  201
scim          GET     /api/public/scim/Users/{user_id}                          200* 404
scim          PUT     /api/public/scim/Users/{user_id}                          200  200
scim          PATCH   /api/public/scim/Users/{user_id}                          200  200
scim          DELETE  /api/public/scim/Users/{user_id}                          200  200

admin         GET     /api/admin/organizations                                  200  401
admin         POST    /api/admin/organizations                                  201  401
admin         GET     /api/admin/organizations/{organization_id}                200  401
admin         PUT     /api/admin/organizations/{organization_id}                200  401
admin         DELETE  /api/admin/organizations/{organization_id}                400  401
admin         GET     /api/admin/organizations/{organization_id}/apiKeys        200  401
admin         POST    /api/admin/organizations/{organization_id}/apiKeys        201  401
admin         DELETE  /api/admin/organizations/{organization_id}/apiKeys/{organization_key_id}  200  401
admin         POST    /api/admin/api-keys                                       200  401
admin         GET     /api/admin/bullmq                                         200  401
admin         POST    /api/admin/bullmq                                         200  401
admin         GET     /api/admin/ingestion-replay                               200  401
admin         POST    /api/admin/ingestion-replay                               200  401

project       GET     /api/public/traces                                        200* 200
project       POST    /api/public/traces                                        200  200
project       GET     /api/public/traces/{trace_id}                             200* 404
project       DELETE  /api/public/traces                                        200  200
project       DELETE  /api/public/traces/{trace_id}                             200  200
project       GET     /api/public/observations                                  200* 200
project       GET     /api/public/observations/{observation_id}                 200* 404
project       GET     /api/public/v2/observations                               200* 200
project       GET     /api/public/sessions                                      200* 200
project       GET     /api/public/sessions/{session_id}                         200* 404
scores        POST    /api/public/scores                                        200  200
project       GET     /api/public/scores                                        200* 200
project       GET     /api/public/scores/{score_id}                             200* 404
project       DELETE  /api/public/scores/{score_id}                             202  202
project       GET     /api/public/v2/scores                                     200* 200
project       GET     /api/public/v2/scores/{score_id}                          200* 404
project       GET     /api/public/v3/scores                                     200  200
project       GET     /api/public/metrics                                       200* 200
project       GET     /api/public/v2/metrics                                    200* 200
project       GET     /api/public/metrics/daily                                 200  200
project       GET     /api/public/deletions                                     200  200
project       GET     /api/public/deletions/{deletion_id}                       200  404

project       POST    /api/public/events                                        200  200
project       POST    /api/public/spans                                         200  200
project       PATCH   /api/public/spans                                         200  200
project       POST    /api/public/generations                                   200  200
project       PATCH   /api/public/generations                                   200  200

project       GET     /api/public/v2/prompts                                    200* 200
project       POST    /api/public/v2/prompts                                    201  201
project       GET     /api/public/v2/prompts/{prompt_name}                      200* 404
project       PATCH   /api/public/v2/prompts/{prompt_name}/versions/{prompt_version}  200  404
project       DELETE  /api/public/v2/prompts/{prompt_name}                      204  404
project       GET     /api/public/prompts                                       200* 404
project       POST    /api/public/prompts                                       201  201

project       GET     /api/public/unstable/skills                               200* 200
project       POST    /api/public/unstable/skills                               200  200
project       GET     /api/public/unstable/skills/{skill_name}                  200* 404
project       PATCH   /api/public/unstable/skills/{skill_name}                  200  404
project       GET     /api/public/unstable/skills/files/content                 200* 404
project       PATCH   /api/public/unstable/skills/{skill_name}/versions/{skill_version}   200  404
project       DELETE  /api/public/unstable/skills/{skill_name}/versions/{skill_version}   200  404

project       GET     /api/public/v2/datasets                                   200* 200
project       POST    /api/public/v2/datasets                                   200  200
project       GET     /api/public/v2/datasets/{dataset_name}                    200* 404
project       GET     /api/public/datasets                                      200* 200
project       POST    /api/public/datasets                                      200  200
project       GET     /api/public/datasets/{dataset_name}                       200* 404
project       GET     /api/public/dataset-items                                 200* 200
project       POST    /api/public/dataset-items                                 200  404
project       GET     /api/public/dataset-items/{dataset_item_id}               200* 404
project       DELETE  /api/public/dataset-items/{dataset_item_id}               200  404
project       GET     /api/public/datasets/{dataset_name}/runs                  200* 404
project       GET     /api/public/datasets/{dataset_name}/runs/{run_name}       200* 404
project       DELETE  /api/public/datasets/{dataset_name}/runs/{run_name}       200  404
project       GET     /api/public/dataset-run-items                             200* 404
project       POST    /api/public/dataset-run-items                             200  404
project       GET     /api/public/experiments                                   200* 200
project       GET     /api/public/experiment-items                              200* 200

project       GET     /api/public/unstable/dashboard-widgets                    200* 200
project       POST    /api/public/unstable/dashboard-widgets                    200  200
project       GET     /api/public/unstable/dashboard-widgets/{widget_id}        200* 404
project       PATCH   /api/public/unstable/dashboard-widgets/{widget_id}        200  404
project       DELETE  /api/public/unstable/dashboard-widgets/{widget_id}        200  404
project       GET     /api/public/unstable/evaluators                           200* 200
project       POST    /api/public/unstable/evaluators                           200  200
project       GET     /api/public/unstable/evaluators/{evaluator_id}            200* 404
project       GET     /api/public/unstable/evaluation-rules                     200* 200
project       POST    /api/public/unstable/evaluation-rules                     200  404
project       GET     /api/public/unstable/evaluation-rules/{rule_id}           200* 404
project       PATCH   /api/public/unstable/evaluation-rules/{rule_id}           200  404
project       DELETE  /api/public/unstable/evaluation-rules/{rule_id}           200  404
project       DELETE  /api/public/unstable/evaluators/{evaluator_id}            409  404
project       GET     /api/public/v2/evaluators                                 200* 200
project       POST    /api/public/v2/evaluators                                 200  200
project       GET     /api/public/v2/evaluators/{own_evaluator_id}              200* 404
project       PATCH   /api/public/v2/evaluators/{own_evaluator_id}              200  404
project       DELETE  /api/public/v2/evaluators/{own_evaluator_id}              200  404
project       GET     /api/public/v2/evaluators/{own_evaluator_id}/versions     200* 404
project       GET     /api/public/v2/evaluation-rules                           200* 200
project       POST    /api/public/v2/evaluation-rules                           200  404
project       GET     /api/public/v2/evaluation-rules/{own_rule_id}             200* 404
project       PATCH   /api/public/v2/evaluation-rules/{own_rule_id}             200  404
project       DELETE  /api/public/v2/evaluation-rules/{own_rule_id}             200  404
project       GET     /api/public/unstable/dashboards                           200* 200
project       POST    /api/public/unstable/dashboards                           200  200
project       GET     /api/public/unstable/dashboards/{dashboard_id}            200* 404
project       PATCH   /api/public/unstable/dashboards/{dashboard_id}            200  404
project       DELETE  /api/public/unstable/dashboards/{dashboard_id}            200  404
project       POST    /api/public/unstable/dashboards/{dashboard_id}/placements                 200  404
project       PATCH   /api/public/unstable/dashboards/{dashboard_id}/placements/{placement_id}  200  404
project       DELETE  /api/public/unstable/dashboards/{dashboard_id}/placements/{placement_id}  200  404

project       GET     /api/public/models                                        200  200
project       POST    /api/public/models                                        200  200
project       GET     /api/public/models/{model_id}                             200  404
project       PUT     /api/public/models/{model_id}                             200  404
project       DELETE  /api/public/models/{model_id}                             200  404
project       GET     /api/public/llm-connections                               200  200
project       PUT     /api/public/llm-connections                               200  200
project       DELETE  /api/public/llm-connections/{connection_id}               200  404
project       GET     /api/public/score-configs                                 200* 200
project       POST    /api/public/score-configs                                 200  200
project       GET     /api/public/score-configs/{config_id}                     200* 404
project       PATCH   /api/public/score-configs/{config_id}                     200  404
project       GET     /api/public/annotation-queues                             200* 200
project       POST    /api/public/annotation-queues                             200  400
project       GET     /api/public/annotation-queues/{queue_id}                  200* 404
project       GET     /api/public/annotation-queues/{queue_id}/items            200  404
project       POST    /api/public/annotation-queues/{queue_id}/items            200  404
project       GET     /api/public/annotation-queues/{queue_id}/items/{item_id}  200  404
project       PATCH   /api/public/annotation-queues/{queue_id}/items/{item_id}  200  404
project       DELETE  /api/public/annotation-queues/{queue_id}/items/{item_id}  200  404
project       POST    /api/public/annotation-queues/{queue_id}/assignments      200  404
project       DELETE  /api/public/annotation-queues/{queue_id}/assignments      200  404
project       GET     /api/public/comments                                      200* 200
project       POST    /api/public/comments                                      200  404
project       GET     /api/public/comments/{comment_id}                         200* 404
project       POST    /api/public/media                                         201  201
project       GET     /api/public/media/{media_id}                              200  404
project       PATCH   /api/public/media/{media_id}                              200  404
"""

_MODEL = {"modelName": "matrix", "matchPattern": "^matrix$", "unit": "TOKENS", "totalPrice": 1}
_SKILL = {"files": [{"path": "SKILL.md", "content": "{skill_md}"}]}
_STORAGE = {
    "projectId": "{project_id}",
    "type": "S3",
    "bucketName": "bucket",
    "region": "eu",
    "accessKeyId": "id",
    "secretAccessKey": "x",
    "exportFrequency": "daily",
    "enabled": False,
    "forcePathStyle": False,
    "fileType": "JSON",
    "exportMode": "FULL_HISTORY",
}
_MEDIA = {
    "contentType": "image/png",
    "contentLength": 3,
    "sha256Hash": "{sha256}",
    "field": "input",
    "traceId": "{trace_id}",
}
_SCIM = "urn:ietf:params:scim:schemas:core:2.0:User"
_PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "value": {"active": True}}],
}
_CONNECTION = {"provider": "matrix", "adapter": "openai", "secretKey": "sk-matrix-secret"}
_COMMENT = {"projectId": "{project_id}", "objectType": "TRACE", "objectId": "{trace_id}", "content": "{marker}"}
_WIDGET = {
    "name": "{marker}",
    "view": "observations",
    "dimensions": [],
    "metrics": [{"measure": "count", "agg": "count"}],
    "filters": [],
    "chartType": "NUMBER",
}
_PLACEMENT = {"type": "widget", "widgetId": "{widget_id}"}
_PROMPT = {"name": "prompt-{marker}", "type": "text", "prompt": "p", "labels": ["production"]}
_DATASET_ITEM = {"datasetName": "{dataset_name}", "input": "{marker}"}
_RUN_ITEM = {"runName": "{run_name}", "datasetItemId": "{dataset_item_id}", "traceId": "{trace_id}"}
_ITEM = {"objectId": "{trace_id}", "objectType": "TRACE"}

_CODE = {"type": "code", "name": "evaluator {marker}", "sourceCode": "def evaluate(ctx): ...", "sourceCodeLanguage": "PYTHON"}
_RULE = {"enabled": True, "target": "observation", "evaluator": {"name": "evaluator {marker}"}}
_OWN_CODE = _CODE | {"name": "{marker}", "sourceCode": "# {marker}"}
_OWN_RULE = {"name": "own {marker}", "enabled": True, "evaluatorAssignments": [{"evaluatorId": "{own_evaluator_id}"}]}
BODIES: dict[str, Any] = {
    "POST /api/public/ingestion": {"batch": []},
    "POST /api/public/otel/v1/traces": {"resourceSpans": []},
    "POST /v1/traces": {"resourceSpans": []},
    "POST /api/public/feedback": {"targetType": "docs", "target": "x", "feedback": "y"},
    "POST /api/public/mcp": {"jsonrpc": "2.0", "id": 1, "method": "ping"},
    "POST /api/public/projects": {"name": "one more"},
    "PUT /api/public/projects/{project_id}": {"name": "test project"},
    "POST /api/public/projects/{project_id}/apiKeys": {},
    "PUT /api/public/projects/{project_id}/memberships": {"userId": "{user_id}", "role": "VIEWER"},
    "DELETE /api/public/projects/{project_id}/memberships": {"userId": "{user_id}"},
    "PUT /api/public/organizations/memberships": {"userId": "{user_id}", "role": "VIEWER"},
    "DELETE /api/public/organizations/memberships": {"userId": "{user_id}"},
    "PUT /api/public/integrations/blob-storage": _STORAGE,
    "POST /api/public/scim/Users": {"userName": "{new}@example.com"},
    "PUT /api/public/scim/Users/{user_id}": {"schemas": [_SCIM]},
    "PATCH /api/public/scim/Users/{user_id}": _PATCH,
    "POST /api/admin/organizations": {"name": "one more"},
    "PUT /api/admin/organizations/{organization_id}": {"name": "test organisation"},
    "POST /api/admin/organizations/{organization_id}/apiKeys": {},
    "POST /api/admin/api-keys": {"action": "invalidate", "projectIds": ["{project_id}"]},
    "POST /api/admin/bullmq": {"action": "retry", "queueNames": ["ingestion-dead-letters"]},
    "POST /api/admin/ingestion-replay": {
        "projectId": "{project_id}",
        "fromTimestamp": "2026-01-01T00:00:00Z",
        "toTimestamp": "2100-01-01T00:00:00Z",
    },
    "POST /api/public/traces": {"name": "one more"},
    "DELETE /api/public/traces": {"traceIds": ["{trace_id}"]},
    "POST /api/public/scores": {"traceId": "{trace_id}", "name": "n", "value": 1},
    "POST /api/public/events": {"traceId": "{trace_id}", "name": "n"},
    "POST /api/public/spans": {"traceId": "{trace_id}", "name": "n"},
    "PATCH /api/public/spans": {"spanId": "{observation_id}", "name": "n"},
    "POST /api/public/generations": {"traceId": "{trace_id}", "name": "n"},
    "PATCH /api/public/generations": {"generationId": "{observation_id}", "name": "n"},
    "POST /api/public/v2/prompts": {"name": "{new}", "type": "text", "prompt": "p"},
    "PATCH /api/public/v2/prompts/{prompt_name}/versions/{prompt_version}": {"newLabels": ["staging"]},
    "POST /api/public/prompts": {"name": "{new}", "prompt": "p", "isActive": True},
    "POST /api/public/unstable/skills": {"files": [{"path": "SKILL.md", "content": "---\nname: another\ndescription: d\n---\n"}]},
    "PATCH /api/public/unstable/skills/{skill_name}": {"tags": ["t"]},
    "PATCH /api/public/unstable/skills/{skill_name}/versions/{skill_version}": {"labels": ["production"]},
    "POST /api/public/v2/datasets": {"name": "{new}"},
    "POST /api/public/datasets": {"name": "{new}"},
    "POST /api/public/dataset-items": _DATASET_ITEM,
    "POST /api/public/dataset-run-items": _RUN_ITEM,
    "POST /api/public/unstable/dashboard-widgets": _WIDGET,
    "PATCH /api/public/unstable/dashboard-widgets/{widget_id}": {"description": "changed"},
    "POST /api/public/unstable/evaluators": _CODE | {"name": "another"},
    "POST /api/public/unstable/evaluation-rules": _RULE | {"name": "another"},
    "PATCH /api/public/unstable/evaluation-rules/{rule_id}": {"enabled": False},
    "POST /api/public/v2/evaluators": _CODE,
    "PATCH /api/public/v2/evaluators/{own_evaluator_id}": {"description": "changed"},
    "POST /api/public/v2/evaluation-rules": _OWN_RULE,
    "PATCH /api/public/v2/evaluation-rules/{own_rule_id}": {"enabled": False},
    "POST /api/public/unstable/dashboards": {"name": "another"},
    "PATCH /api/public/unstable/dashboards/{dashboard_id}": {"description": "changed"},
    "POST /api/public/unstable/dashboards/{dashboard_id}/placements": _PLACEMENT,
    "PATCH /api/public/unstable/dashboards/{dashboard_id}/placements/{placement_id}": {"x": 1},
    "POST /api/public/models": _MODEL | {"modelName": "another"},
    "PUT /api/public/models/{model_id}": _MODEL,
    "PUT /api/public/llm-connections": _CONNECTION,
    "POST /api/public/score-configs": {"name": "another", "dataType": "NUMERIC"},
    "PATCH /api/public/score-configs/{config_id}": {"description": "changed"},
    "POST /api/public/annotation-queues": {"name": "another", "scoreConfigIds": ["{config_id}"]},
    "POST /api/public/annotation-queues/{queue_id}/items": _ITEM,
    "PATCH /api/public/annotation-queues/{queue_id}/items/{item_id}": {"status": "COMPLETED"},
    "POST /api/public/annotation-queues/{queue_id}/assignments": {"userId": "{user_id}"},
    "DELETE /api/public/annotation-queues/{queue_id}/assignments": {"userId": "{user_id}"},
    "POST /api/public/comments": _COMMENT,
    "POST /api/public/media": _MEDIA,
    "PATCH /api/public/media/{media_id}": {"uploadedAt": "2026-05-01T10:00:00Z", "uploadHttpStatus": 200},
}

_SINCE = "fields=core&fromStartTime=2026-01-01T00:00:00Z&toStartTime=2027-01-01T00:00:00Z"
_PERIOD = '"fromTimestamp":"2026-01-01T00:00:00Z","toTimestamp":"2027-01-01T00:00:00Z"'
_COUNT = '"metrics":[{"measure":"count","aggregation":"count"}],"dimensions":[{"field":"name"}]'
QUERIES = {
    "GET /api/public/prompts": "name={prompt_name}",
    "GET /api/public/metrics": f'query={{"view":"traces",{_COUNT},{_PERIOD}}}',
    "GET /api/public/v2/metrics": f'query={{"view":"observations",{_COUNT},{_PERIOD}}}',
    "GET /api/public/dataset-run-items": "datasetId={dataset_id}&runName={run_name}",
    "GET /api/public/unstable/skills/{skill_name}": "label=latest",
    "GET /api/public/unstable/skills/files/content": "sha256Hashes={skill_hash}",
    "GET /api/public/experiments": _SINCE,
    "GET /api/public/experiment-items": _SINCE,
}

# name of the id · who makes it · method and path · body · where the id stands in the answer
OBJECTS: list[tuple[str, str, str, Any, str]] = [
    ("api_key_id", "organization", "POST /api/public/projects/{project_id}/apiKeys", {"note": "{marker}"}, "id"),
    ("", "organization", "PUT /api/public/organizations/memberships", {"userId": "{user_id}", "role": "MEMBER"}, ""),
    ("", "organization", "PUT /api/public/projects/{project_id}/memberships", {"userId": "{user_id}", "role": "ADMIN"}, ""),
    ("", "organization", "PUT /api/public/integrations/blob-storage", _STORAGE | {"prefix": "{marker}/"}, ""),
    ("evaluator_id", "project", "POST /api/public/unstable/evaluators", _CODE, "id"),
    ("rule_id", "project", "POST /api/public/unstable/evaluation-rules", _RULE | {"name": "{marker}"}, "id"),
    ("own_evaluator_id", "project", "POST /api/public/v2/evaluators", _OWN_CODE, "id"),
    ("own_rule_id", "project", "POST /api/public/v2/evaluation-rules", _OWN_RULE, "id"),
    ("model_id", "project", "POST /api/public/models", _MODEL, "id"),
    ("connection_id", "project", "PUT /api/public/llm-connections", _CONNECTION, "id"),
    ("config_id", "project", "POST /api/public/score-configs", {"name": "config", "description": "{marker}", "dataType": "NUMERIC"}, "id"),
    ("queue_id", "project", "POST /api/public/annotation-queues", {"name": "{marker}", "scoreConfigIds": ["{config_id}"]}, "id"),
    ("item_id", "project", "POST /api/public/annotation-queues/{queue_id}/items", _ITEM, "id"),
    ("comment_id", "project", "POST /api/public/comments", _COMMENT, "id"),
    ("widget_id", "project", "POST /api/public/unstable/dashboard-widgets", _WIDGET, "id"),
    ("dashboard_id", "project", "POST /api/public/unstable/dashboards", {"name": "{marker}"}, "id"),
    ("placement_id", "project", "POST /api/public/unstable/dashboards/{dashboard_id}/placements", _PLACEMENT, "id"),
    ("prompt_name", "project", "POST /api/public/v2/prompts", _PROMPT, "name"),
    ("skill_name", "project", "POST /api/public/unstable/skills", _SKILL, "name"),
    ("dataset_name", "project", "POST /api/public/v2/datasets", {"name": "dataset-{marker}"}, "name"),
    ("dataset_id", "project", "GET /api/public/v2/datasets/{dataset_name}", None, "id"),
    ("dataset_item_id", "project", "POST /api/public/dataset-items", _DATASET_ITEM, "id"),
    ("run_name", "project", "POST /api/public/dataset-run-items", _RUN_ITEM | {"runName": "run-{marker}"}, "datasetRunName"),
    ("media_id", "project", "POST /api/public/media", _MEDIA, "mediaId"),
    ("", "project", "PATCH /api/public/media/{media_id}", {"uploadedAt": "2026-05-01T10:00:00Z", "uploadHttpStatus": 200}, ""),
    ("", "project", "DELETE /api/public/scores/no-such-score", None, ""),
    ("deletion_id", "project", "GET /api/public/deletions", None, "data.0.id"),
]

# Some paths call their object only `id`; here every kind of object has a name of its own.
RENAMED = {
    "/api/public/v2/evaluators/{evaluator_id}": "/api/public/v2/evaluators/{own_evaluator_id}",
    "/api/public/v2/evaluators/{evaluator_id}/versions": "/api/public/v2/evaluators/{own_evaluator_id}/versions",
    "/api/public/v2/evaluation-rules/{rule_id}": "/api/public/v2/evaluation-rules/{own_rule_id}",
    "/api/public/v2/prompts/{name}/versions/{version}": "/api/public/v2/prompts/{prompt_name}/versions/{prompt_version}",
    "/api/public/dataset-items/{item_id}": "/api/public/dataset-items/{dataset_item_id}",
    "/api/public/models/{id}": "/api/public/models/{model_id}",
    "/api/admin/organizations/{organization_id}/apiKeys/{api_key_id}": "/api/admin/organizations/{organization_id}/apiKeys/{organization_key_id}",
}
