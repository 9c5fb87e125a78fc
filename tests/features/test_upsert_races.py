"""Changes of one row at the same time: what is checked still holds when it is written."""

from datetime import timedelta
from functools import partial

import pytest

from langfuse_app.core.errors import ValidationFailedError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.core.time import utcnow
from langfuse_app.features.annotation_queues import service as annotation_queues
from langfuse_app.features.annotation_queues.schemas import CreateQueue
from langfuse_app.features.audit import repository as audit
from langfuse_app.features.datasets import service as datasets
from langfuse_app.features.datasets.schemas import CreateDataset
from langfuse_app.features.experiments import repository as runs
from langfuse_app.features.experiments.models import DatasetRun, DatasetRunItem
from langfuse_app.features.prompts import repository as prompts
from langfuse_app.features.score_configs import service as score_configs
from langfuse_app.features.score_configs.schemas import CreateScoreConfig, UpdateScoreConfig
from tests import factories
from tests.features.test_prompt_races import at_once, make

ROUNDS = 8


@pytest.fixture
def scope(engines: object) -> ProjectScope:
    return factories.project()


def test_the_range_of_a_config_stays_a_range(scope: ProjectScope) -> None:
    for _ in range(ROUNDS):
        new = CreateScoreConfig.model_validate({"name": "n", "dataType": "NUMERIC", "minValue": 0, "maxValue": 10})
        config = score_configs.create_config(scope, new)
        changes = [UpdateScoreConfig.model_validate(values) for values in ({"minValue": 7}, {"maxValue": 5})]
        raised = at_once(*(partial(score_configs.update_config, scope, config.id, change) for change in changes))
        stored = score_configs.get_config(scope, config.id)
        assert (stored.min_value, stored.max_value) in ((7, 10), (0, 5))
        assert [type(error) for error in raised if error] == [ValidationFailedError]
        audited = factories.audit_log(resource_id=config.id)
        assert [entry.action for entry in audited] == ["create", "update"]


def _run(scope: ProjectScope, **columns: str) -> DatasetRun:
    now = utcnow()
    return DatasetRun(project_id=scope.project_id, id="run", dataset_id="d", name="run", created_at=now, updated_at=now, **columns)


def _item(scope: ProjectScope, number: int) -> DatasetRunItem:
    now = utcnow() + timedelta(milliseconds=number)
    stamps = {"started_at": now, "created_at": now, "updated_at": now}
    return DatasetRunItem(project_id=scope.project_id, id=f"i{number}", run_id="run", dataset_item_id="item", **stamps)


def test_links_and_the_deletion_of_their_run(scope: ProjectScope) -> None:
    for number in range(ROUNDS * 2):
        runs.link(_run(scope), _item(scope, 0))
        links = [partial(runs.link, _run(scope, description=f"{number} {n}"), _item(scope, n)) for n in range(6)]
        assert at_once(*links[:3], partial(runs.remove, scope, "run"), partial(runs.remove, scope, "run"), *links[3:]) == [None] * 8
        runs.remove(scope, "run")
        assert runs.items_of(scope, "run") == []


def test_links_at_once_make_one_run(scope: ProjectScope) -> None:
    assert at_once(*(partial(runs.link, _run(scope), _item(scope, n % 5)) for n in range(10))) == [None] * 10
    assert [run.id for run in runs.runs_of(scope, "d", 10, 0)[0]] == ["run"]
    assert runs.count_items(scope, "run") == 5


@pytest.mark.parametrize("change", ["config", "prompt", "dataset", "queue"])
def test_a_change_without_its_record_is_no_change(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    config = score_configs.create_config(scope, CreateScoreConfig.model_validate({"name": "n", "dataType": "NUMERIC"}))
    queue = CreateQueue.model_validate({"name": "q", "scoreConfigIds": [config.id]})
    works = {
        "config": partial(score_configs.update_config, scope, config.id, UpdateScoreConfig.model_validate({"maxValue": 5})),
        "prompt": partial(make, scope, "p"),
        "dataset": partial(datasets.put_dataset, scope, CreateDataset(name="d")),
        "queue": partial(annotation_queues.create_queue, scope, queue),
    }

    def refuse(*entries: object) -> None:
        raise RuntimeError("no room for it")

    with monkeypatch.context() as broken:
        broken.setattr(audit, "add", refuse)
        with pytest.raises(RuntimeError):
            works[change]()
    assert score_configs.get_config(scope, config.id).max_value is None
    assert prompts.versions(scope, "p", None, None) == []
    assert datasets.list_datasets(scope).items == []
    assert annotation_queues.list_queues(scope).items == []
    works[change]()
