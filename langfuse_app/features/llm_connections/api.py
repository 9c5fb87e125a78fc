"""Routes of LLM connections (spec/api.md §3.1, §4.11)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from langfuse_app.api.auth import Project
from langfuse_app.api.documented import answers
from langfuse_app.api.params import StrictPaged
from langfuse_app.core.shapes import Message, PageMeta
from langfuse_app.features.llm_connections import service
from langfuse_app.features.llm_connections.schemas import ConnectionOut, ConnectionsOut, UpsertConnection

router = APIRouter(tags=["llm connections"])
_PATH = "/api/public/llm-connections"


@router.get(_PATH, responses=answers(ConnectionsOut))
def list_connections(scope: Project, params: Annotated[StrictPaged, Query()]) -> ConnectionsOut:
    """Connections by pages, newest first, without their secrets."""
    found = service.list_connections(scope, params.page, params.limit)
    return ConnectionsOut(data=[ConnectionOut.model_validate(row) for row in found.items], meta=PageMeta.model_validate(found.meta()))


@router.put(_PATH, responses=answers(ConnectionOut) | answers(ConnectionOut, status=201))
def put_connection(scope: Project, body: UpsertConnection, response: Response) -> ConnectionOut:
    """Make (201) or replace (200) the connection of a provider name."""
    stored, created = service.put_connection(scope, body)
    response.status_code = 201 if created else 200
    return ConnectionOut.model_validate(stored)


@router.delete(_PATH + "/{connection_id}", responses=answers(Message, 404))
def delete_connection(scope: Project, connection_id: str) -> Message:
    """Delete a connection with its secret."""
    service.delete_connection(scope, connection_id)
    return Message(message="LLM connection deleted successfully")
