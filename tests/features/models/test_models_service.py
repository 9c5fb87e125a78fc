"""Models in PostgreSQL: the default list, own definitions, and the matchers that follow them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from langfuse_app.core.errors import InvalidRequestError, NotFoundError, ValidationFailedError
from langfuse_app.core.scopes import ProjectScope
from langfuse_app.features.models import service
from langfuse_app.features.models.schemas import FlatPrices, ModelInput
from langfuse_app.stores import cache
from langfuse_app.stores.postgres import engine
from tests import factories

pytestmark = pytest.mark.usefixtures("engines")


@pytest.fixture(autouse=True, scope="module")
def defaults(engines: object) -> None:
    service.seed_defaults()


@pytest.fixture
def scope() -> ProjectScope:
    return factories.project()


def body(**fields: Any) -> ModelInput:
    base = {"modelName": "acme-1", "matchPattern": "(?i)^(acme-1)$", "unit": "TOKENS", "inputPrice": 1e-6, "outputPrice": 2e-6}
    return ModelInput.model_validate({key: value for key, value in (base | fields).items() if value is not ...})


def tiered(*tiers: dict[str, Any]) -> ModelInput:
    return body(inputPrice=..., outputPrice=..., pricingTiers=list(tiers))


DEFAULT = {"name": "Standard", "isDefault": True, "priority": 0, "conditions": [], "prices": {"input": 1e-6}}
LARGE = {
    "name": "Large",
    "isDefault": False,
    "priority": 1,
    "conditions": [{"usageDetailPattern": "^input", "operator": "gt", "value": 200_000}],
    "prices": {"input": 2e-6, "output": 3e-6},
}


def count(table: str) -> int:
    with engine().connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


# --- the default list ---


def test_the_default_list_is_written_once_and_again_only_when_it_is_older() -> None:
    assert service.seed_defaults() is False
    with engine().begin() as connection:
        connection.execute(text("UPDATE models SET updated_at = '2020-01-01', match_pattern = 'x' WHERE project_id IS NULL"))
        connection.execute(
            text(
                "INSERT INTO models (id, created_at, updated_at, model_name, match_pattern) VALUES ('gone', now(), '2020-01-01', 'gone', 'gone')"
            )
        )
    before = count("models"), count("pricing_tiers"), count("prices")
    assert service.seed_defaults() is True
    assert (count("models"), count("pricing_tiers"), count("prices")) == (before[0] - 1, before[1], before[2])
    found = service.matcher_for("any").match("gpt-4o")
    assert found is not None
    assert found.name == "gpt-4o"


def test_a_newer_stored_list_stays() -> None:
    with engine().begin() as connection:
        connection.execute(text("UPDATE models SET updated_at = '2099-01-01' WHERE model_name = 'gpt-4o' AND project_id IS NULL"))
    assert service.seed_defaults() is False
    with engine().begin() as connection:
        connection.execute(text("UPDATE models SET updated_at = '2020-01-01' WHERE project_id IS NULL"))
    assert service.seed_defaults() is True


def test_default_models_keep_their_ids() -> None:
    with engine().connect() as connection:
        ids = connection.execute(text("SELECT id FROM models WHERE model_name = 'gpt-4o' AND project_id IS NULL")).scalars().all()
    assert ids == ["2d953a59-6ae4-591a-a113-4cca466e1d64"]


# --- own models ---


def test_flat_prices_are_the_default_tier(scope: ProjectScope) -> None:
    created = service.create_model(
        scope, body(startDate="2024-05-01T00:00:00Z", tokenizerId="openai", tokenizerConfig={"tokenizerModel": "gpt-4o"})
    )
    wire = service.get_model(scope, created.id).wire()
    assert wire["pricingTiers"] == [
        {
            "id": f"{created.id}_tier_default",
            "name": "Standard",
            "isDefault": True,
            "priority": 0,
            "conditions": [],
            "prices": {"input": 1e-6, "output": 2e-6},
        }
    ]
    assert (wire["inputPrice"], wire["outputPrice"], wire["totalPrice"], wire["isLangfuseManaged"]) == (1e-6, 2e-6, None, False)
    assert wire["prices"] == {"input": {"price": 1e-6}, "output": {"price": 2e-6}}
    assert (wire["startDate"], wire["unit"], wire["tokenizerConfig"]) == (
        "2024-05-01T00:00:00.000Z",
        "TOKENS",
        {"tokenizerModel": "gpt-4o"},
    )


def test_tiers_come_back_default_first(scope: ProjectScope) -> None:
    wire = service.create_model(scope, tiered(LARGE, DEFAULT)).wire()
    assert [tier["name"] for tier in wire["pricingTiers"]] == ["Standard", "Large"]
    assert wire["pricingTiers"][1]["conditions"] == [
        {"usageDetailPattern": "^input", "operator": "gt", "value": 200_000, "caseSensitive": False}
    ]
    assert wire["pricingTiers"][1]["prices"] == {"input": 2e-6, "output": 3e-6}


def test_lists_show_own_models_before_the_default_ones(scope: ProjectScope) -> None:
    service.create_model(scope, body(modelName="zzz"))
    service.create_model(factories.project(), body(modelName="of-another-project"))
    first = service.list_models(scope, 1, 50)
    assert (first.items[0].name, first.items[1].managed, first.total, len(first.items)) == ("zzz", True, 168, 50)
    names = [item.name for page in range(1, 5) for item in service.list_models(scope, page, 50).items]
    assert len(names) == len(set(names)) == 168


@pytest.mark.parametrize("again", [{}, {"matchPattern": "other"}, {"startDate": None}])
def test_a_name_is_taken_once_per_start_date_and_unit(scope: ProjectScope, again: dict[str, Any]) -> None:
    service.create_model(scope, body())
    with pytest.raises(InvalidRequestError, match="exists already"):
        service.create_model(scope, body(**again))
    service.create_model(scope, body(startDate="2024-05-01T00:00:00Z"))
    service.create_model(scope, body(unit="CHARACTERS"))
    service.create_model(factories.project(), body())


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (body(matchPattern="("), ["matchPattern"]),
        (body(matchPattern="(?!x)y"), ["matchPattern"]),
        (body(matchPattern="x" * 1001), ["matchPattern"]),
        (body(inputPrice=..., outputPrice=...), ["pricingTiers"]),
        (body(totalPrice=1), ["totalPrice"]),
        (body(pricingTiers=[DEFAULT]), ["pricingTiers"]),
        (tiered(), ["pricingTiers"]),
        (tiered(LARGE), ["pricingTiers"]),
        (tiered(DEFAULT, DEFAULT), ["pricingTiers"]),
        (tiered(DEFAULT, LARGE | {"name": "Standard"}), ["pricingTiers"]),
        (tiered(DEFAULT, LARGE, LARGE | {"name": "Larger"}), ["pricingTiers"]),
        (tiered(DEFAULT | {"priority": 1}), ["pricingTiers", 0]),
        (tiered(DEFAULT | {"conditions": LARGE["conditions"]}), ["pricingTiers", 0]),
        (tiered(DEFAULT, LARGE | {"priority": 0}), ["pricingTiers", 1]),
        (tiered(DEFAULT, LARGE | {"conditions": []}), ["pricingTiers", 1]),
        (tiered(DEFAULT | {"prices": {}}), ["pricingTiers", 0, "prices"]),
        (
            tiered(DEFAULT, LARGE | {"conditions": [{"usageDetailPattern": "x" * 201, "operator": "gt", "value": 1}]}),
            ["pricingTiers", 1, "conditions", 0, "usageDetailPattern"],
        ),
    ],
)
def test_rules(scope: ProjectScope, wrong: ModelInput, path: list[str | int]) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        service.create_model(scope, wrong)
    assert path in [issue["path"] for issue in refused.value.issues]
    assert service.list_models(scope, 1, 1).total == 167


@pytest.mark.parametrize(
    "wrong",
    [
        {"modelName": ""},
        {"modelName": "a\x00b"},
        {"tokenizerConfig": {"a": ["\x00"]}},
        {"unit": None},
        {"unit": "BANANAS"},
        {"tokenizerId": "gemini"},
        {"inputPrice": -1},
        {"inputPrice": "NaN"},
        {"inputPrice": 1e300},
        {"startDate": "0001-01-01T00:00:00+14:00"},
        {"startDate": "soon"},
        {"startDate": "2024-05-01"},
        {"startDate": "2024-05-01T00:00:00"},
        {"pricingTiers": [DEFAULT | {"prices": {"": 1}}]},
        {"pricingTiers": [DEFAULT | {"prices": {"input": -1}}]},
        {"pricingTiers": [LARGE | {"conditions": [{"source": "input", "key": "a", "operator": "in", "values": ["b"]}]}]},
        {"pricingTiers": [LARGE | {"conditions": [{"source": "metadata", "key": "a", "operator": "in", "values": []}]}]},
    ],
)
def test_shapes_that_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body(**wrong)


def test_replacing_rewrites_everything_but_the_identity(scope: ProjectScope) -> None:
    created = service.create_model(scope, tiered(DEFAULT, LARGE))
    changed = service.replace_model(scope, created.id, body(modelName="acme-2", totalPrice=5e-6, inputPrice=..., outputPrice=...))
    assert (changed.id, changed.created_at, changed.name) == (created.id, created.created_at, "acme-2")
    assert [(tier.name, tier.prices) for tier in changed.tiers] == [("Standard", {"total": Decimal("0.000005")})]
    service.create_model(scope, body(modelName="taken"))
    with pytest.raises(InvalidRequestError, match="exists already"):
        service.replace_model(scope, created.id, body(modelName="taken"))


def test_models_of_others_and_of_the_default_list_cannot_be_touched(scope: ProjectScope) -> None:
    foreign = service.create_model(factories.project(), body())
    default = service.list_models(scope, 1, 1).items[0]
    assert default.managed
    assert service.get_model(scope, default.id) == default
    with pytest.raises(NotFoundError):
        service.get_model(scope, foreign.id)
    for model_id in (foreign.id, default.id, "nonsense"):
        with pytest.raises(NotFoundError):
            service.replace_model(scope, model_id, body())
        with pytest.raises(NotFoundError):
            service.delete_model(scope, model_id)


# --- matchers ---


def test_matchers_follow_every_change_at_once(scope: ProjectScope) -> None:
    def name_of(model: str) -> tuple[str, bool] | None:
        found = service.matcher_for(scope.project_id).match(model)
        return (found.id, found.own) if found else None

    default = name_of("gpt-4o")
    assert default is not None
    created = service.create_model(scope, body(modelName="gpt-4o", matchPattern="(?i)^gpt-4o$"))
    assert name_of("gpt-4o") == (created.id, True)
    service.replace_model(scope, created.id, body(modelName="gpt-4o", matchPattern="^something-else$"))
    assert name_of("gpt-4o") == default
    assert name_of("something-else") == (created.id, True)
    service.delete_model(scope, created.id)
    assert name_of("something-else") is None
    assert len(service.definitions_for(scope.project_id)) == 167


def test_projects_without_own_models_share_one_matcher(scope: ProjectScope) -> None:
    assert service.matcher_for(scope.project_id) is service.matcher_for("another")


def test_the_latest_start_date_is_matched(scope: ProjectScope) -> None:
    for start in ("2024-01-01T00:00:00Z", "2025-06-01T02:00:00+02:00", "2024-12-31T00:00:00Z"):
        service.create_model(scope, body(startDate=start))
    found = service.matcher_for(scope.project_id).match("acme-1")
    assert found is not None
    assert service.get_model(scope, found.id).start_date == datetime(2025, 6, 1, tzinfo=UTC)


def test_flat_prices_for_readers(scope: ProjectScope) -> None:
    created = service.create_model(scope, body())
    default = service.matcher_for(scope.project_id).match("gpt-4o")
    assert default is not None
    foreign = service.create_model(factories.project(), body())
    prices = service.flat_prices(scope, [created.id, default.id, foreign.id, "nonsense"])
    assert prices == {
        created.id: FlatPrices(Decimal("0.000001"), Decimal("0.000002"), None),
        default.id: FlatPrices(Decimal("0.0000025"), Decimal("0.00001"), None),
    }


def test_without_redis_the_matcher_still_works(scope: ProjectScope, monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    def away(*_: object) -> None:
        raise RedisConnectionError

    service.create_model(scope, body())
    monkeypatch.setattr(cache, "redis", away)
    found = service.matcher_for(scope.project_id).match("acme-1")
    assert found is not None
    assert found.own
