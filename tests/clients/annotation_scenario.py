"""Score configs, queues, comments and connections through the Python SDKs' generated clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langfuse import api as shapes
from scenario import SEED, tell, when_readable

Send = Callable[..., Any]


def as_fields(method: Callable[..., Any], shape: str, *path: str, **fields: Any) -> Any:
    """Generations 4 and 5: a field is an argument."""
    return method(*path, **fields)


def as_request(method: Callable[..., Any], shape: str, *path: str, **fields: Any) -> Any:
    """Generations 2 and 3: the fields are an object."""
    return method(*path, request=getattr(shapes, shape)(**fields))


def score_configs(api: Any, send: Send) -> str:
    """Makes a config of each type; the id of the last."""
    category = {"value": 1, "label": "good"}
    kinds: dict[str, dict[str, Any]] = {
        "NUMERIC": {"min_value": 0, "max_value": 1},
        "BOOLEAN": {},
        "CATEGORICAL": {"categories": [category]},
    }
    made = [
        send(api.score_configs.create, "CreateScoreConfigRequest", name=f"{kind} (new)", data_type=kind, **fields)
        for kind, fields in kinds.items()
    ]
    page = api.score_configs.get(page=1, limit=100)
    tell(
        scenario="configs",
        listed=[config.name for config in page.data if config.id in [one.id for one in made]],
        categories=[[category.label for category in config.categories or []] for config in made],
        read=api.score_configs.get_by_id(made[0].id).max_value,
    )
    return made[-1].id


def config_change(api: Any, send: Send, config_id: str) -> None:
    """Archives a config."""
    changed = send(api.score_configs.update, "UpdateScoreConfigRequest", config_id, is_archived=True)
    tell(scenario="archived", archived=changed.is_archived, name=changed.name)


def queues(api: Any, send: Send, config_id: str, trace_id: str) -> None:
    """A queue with one item, from pending to deleted."""
    queue = send(api.annotation_queues.create_queue, "CreateAnnotationQueueRequest", name=f"queue-{SEED}", score_config_ids=[config_id])
    item = send(
        api.annotation_queues.create_queue_item, "CreateAnnotationQueueItemRequest", queue.id, object_id=trace_id, object_type="TRACE"
    )
    done = send(api.annotation_queues.update_queue_item, "UpdateAnnotationQueueItemRequest", queue.id, item.id, status="COMPLETED")
    listed = api.annotation_queues.list_queue_items(queue.id, status="COMPLETED")
    tell(
        scenario="queues",
        statuses=[str(getattr(one.status, "value", one.status)) for one in (item, done)],
        completed=done.completed_at is not None and item.completed_at is None,
        listed=[one.object_id for one in listed.data] == [trace_id],
        found=queue.id in [one.id for one in api.annotation_queues.list_queues(limit=100).data],
        deleted=api.annotation_queues.delete_queue_item(queue.id, item.id).success,
        left=len(api.annotation_queues.list_queue_items(queue.id).data),
    )


def comments(api: Any, send: Send, trace_id: str) -> None:
    """A comment on a trace that was sent just before."""
    body = {"project_id": "any", "object_type": "TRACE", "object_id": trace_id, "content": f"well done, {SEED}"}
    made = when_readable(lambda: send(api.comments.create, "CreateCommentRequest", **body), Exception)
    listed = api.comments.get(object_type="TRACE", object_id=trace_id)
    tell(scenario="comments", content=api.comments.get_by_id(made.id).content, listed=[one.id for one in listed.data] == [made.id])


def connections(api: Any, send: Send) -> None:
    """An LLM connection, made and changed."""
    body = {"provider": f"own-{SEED}", "adapter": "openai", "secret_key": "sk-very-secret-abcd"}
    made = send(api.llm_connections.upsert, "UpsertLlmConnectionRequest", **body)
    changed = send(api.llm_connections.upsert, "UpsertLlmConnectionRequest", **body, custom_models=["m"], extra_headers={"X-A": "b"})
    listed = [one for one in api.llm_connections.list(limit=100).data if one.provider == body["provider"]]
    tell(
        scenario="connections",
        same=made.id == changed.id == listed[0].id,
        secret=listed[0].display_secret_key,
        models=listed[0].custom_models,
        headers=listed[0].extra_header_keys,
    )


def everything(langfuse: Any, api: Any, send: Send) -> None:
    """The scenario of generations 3, 4 and 5."""
    with langfuse.start_as_current_observation(name="annotated", as_type="span") as span:
        trace_id = span.trace_id
    langfuse.flush()
    config_id = score_configs(api, send)
    queues(api, send, config_id, trace_id)
    config_change(api, send, config_id)
    comments(api, send, trace_id)
    connections(api, send)
