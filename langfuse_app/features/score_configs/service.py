"""The rules of score configurations (spec/api.md §4.5); ingestion asks here whether a score fits."""

from collections.abc import Collection, Iterator

from langfuse_app.core.errors import InvalidRequestError, NotFoundError, ValidationFailedError
from langfuse_app.core.pagination import Page
from langfuse_app.core.scopes import ProjectScope, Role
from langfuse_app.core.shapes import plain
from langfuse_app.features.audit import service as audit
from langfuse_app.features.score_configs import repository
from langfuse_app.features.score_configs.schemas import CreateScoreConfig, ScoreConfigOut, ScoreConfigType, UpdateScoreConfig
from langfuse_app.features.scores.models import ScoreConfig
from langfuse_app.stores.postgres import transaction

_BOOLEAN = [{"label": "True", "value": 1}, {"label": "False", "value": 0}]
_NULLABLE = ("categories", "min_value", "max_value", "description")


def find_config(scope: ProjectScope, config_id: str) -> ScoreConfig | None:
    """The config that a score names, None when the project has none of that id. Asked once per batch, never remembered longer."""
    return repository.find(scope, config_id)


def known_configs(scope: ProjectScope, config_ids: Collection[str]) -> set[str]:
    """Those of the ids that are configs of the project."""
    return repository.known(scope, config_ids)


def list_configs(scope: ProjectScope, page: int = 1, limit: int = 50) -> Page[ScoreConfig]:
    """Configs of the project, newest first, archived ones too."""
    found, total = repository.page(scope, limit, (page - 1) * limit)
    return Page(found, page, limit, total)


def get_config(scope: ProjectScope, config_id: str) -> ScoreConfig:
    """One config; NotFoundError."""
    return _found(repository.find(scope, config_id))


def _found(config: ScoreConfig | None) -> ScoreConfig:
    if config is None:
        raise NotFoundError("Score config not found within authorized project")
    return config


def create_config(scope: ProjectScope, new: CreateScoreConfig) -> ScoreConfig:
    """Define a kind of score. ValidationFailedError lists what does not go with its data type."""
    scope.require(Role.MEMBER)
    if new.data_type is ScoreConfigType.BOOLEAN and new.categories is not None:
        raise _refused([("categories", "The categories of BOOLEAN are made by the server: leave them out")])
    config = ScoreConfig(project_id=scope.project_id, **new.model_dump())
    if new.data_type is ScoreConfigType.BOOLEAN:
        config.categories = _BOOLEAN
    _check(config)
    with transaction():
        repository.add(config)
        audit.record(scope, "create", "scoreConfig", config.id, after=plain(ScoreConfigOut, config))
    return config


def update_config(scope: ProjectScope, config_id: str, change: UpdateScoreConfig) -> ScoreConfig:
    """Change fields of a config; its data type stays. InvalidRequestError when nothing is given; else as `create_config`."""
    scope.require(Role.MEMBER)
    given = change.model_dump(exclude_unset=True)
    if not given:
        raise InvalidRequestError("Request body cannot be empty")
    values = {name: value for name, value in given.items() if value is not None or name in _NULLABLE}
    with transaction():
        config = _found(repository.find(scope, config_id, for_update=True))
        if config.data_type == ScoreConfigType.BOOLEAN and "categories" in values:
            raise _refused([("categories", "The categories of BOOLEAN cannot be changed")])
        _check(config.model_copy(update=values))
        before = plain(ScoreConfigOut, config)
        repository.change(config, values)
        audit.record(scope, "update", "scoreConfig", config_id, before=before, after=plain(ScoreConfigOut, config))
    return config


def _check(config: ScoreConfig) -> None:
    wrong = [*_range_issues(config), *_category_issues(config)]
    if wrong:
        raise _refused(wrong)


def _refused(wrong: list[tuple[str, str]]) -> ValidationFailedError:
    return ValidationFailedError([{"code": "custom", "path": [field], "message": message} for field, message in wrong])


def _range_issues(config: ScoreConfig) -> Iterator[tuple[str, str]]:
    low, high = config.min_value, config.max_value
    if config.data_type != ScoreConfigType.NUMERIC:
        for field, value in (("minValue", low), ("maxValue", high)):
            if value is not None:
                yield field, f"Only NUMERIC configs have a range, this one is {config.data_type}"
    elif low is not None and high is not None and high <= low:
        yield "maxValue", "Maximum value must be greater than Minimum value"


def _category_issues(config: ScoreConfig) -> Iterator[tuple[str, str]]:
    categories = config.categories or []
    if config.data_type == ScoreConfigType.CATEGORICAL and not categories:
        yield "categories", "A CATEGORICAL config needs at least one category with label and value"
    if config.data_type in (ScoreConfigType.NUMERIC, ScoreConfigType.TEXT) and config.categories is not None:
        yield "categories", f"Only CATEGORICAL configs take categories, this one is {config.data_type}"
    for part in ("label", "value"):
        if len({category[part] for category in categories}) < len(categories):
            yield "categories", f"Duplicate category {part}: each must be unique"
