"""Retention: what is older than a project wants to keep goes, and nothing else."""

from datetime import timedelta

from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.settings import Settings
from langfuse_app.core.time import to_us, utcnow
from langfuse_app.features.projects import service as projects
from langfuse_app.features.projects.models import Project
from langfuse_app.features.retention import service
from langfuse_app.features.traces import service as traces
from langfuse_app.features.traces.schemas import TraceQuery
from langfuse_app.stores.postgres import session
from tests import factories


def keeping(days: int | None) -> ProjectScope:
    scope = factories.project()
    with session() as current:
        found = current.get(Project, scope.project_id)
        assert found is not None
        found.retention_days = days
    return scope


def fill(scope: ProjectScope) -> None:
    for id, days in (("old", 4), ("young", 2)):
        at = to_us(utcnow() - timedelta(days=days))
        factories.trace(scope, id=id, timestamp=at)
        factories.observation(scope, id, id=f"span-{id}", start_time=at)
        factories.score(scope, id=f"score-{id}", trace_id=id, timestamp=at)


def test_only_what_is_too_old_goes(engines: Settings) -> None:
    short, forever = keeping(3), keeping(None)
    fill(short)
    fill(forever)
    assert service.apply() == 3
    assert [trace.id for trace in traces.list_traces(short, TraceQuery()).items] == ["young"]
    assert [trace.id for trace in traces.list_traces(forever, TraceQuery()).items] == ["young", "old"]
    assert service.apply() == 0
    assert projects.get(short).retention_days == 3
