"""A wrong setting is one line that names the setting and what it must be."""

import pytest

from langfuse_app.core.errors import SettingsError
from langfuse_app.core.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "PORT: "),
        ("PORT", "70000", "PORT: "),
        ("ENCRYPTION_KEY", "short", "ENCRYPTION_KEY: must be 64 hex digits"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: must begin with postgresql://"),
        ("CLICKHOUSE_URL", "localhost:8123", "CLICKHOUSE_URL: must begin with http:// or https://"),
        ("LANGFUSE_SEARCH_INDEX", "some", "LANGFUSE_SEARCH_INDEX: Input should be 'full', 'prefix' or 'off'"),
        ("LANGFUSE_INIT_PROJECT_RETENTION", "1", "LANGFUSE_INIT_PROJECT_RETENTION: "),
    ],
)
def test_a_wrong_value_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_postgres_urls_of_every_spelling_mean_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        monkeypatch.setenv("DATABASE_URL", url)
        assert load_settings().DATABASE_URL == "postgresql+psycopg://u:p@h/d"


def test_redis_is_made_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_CONNECTION_STRING", raising=False)
    monkeypatch.setenv("REDIS_HOST", "cache")
    monkeypatch.setenv("REDIS_AUTH", "secret")
    assert load_settings().REDIS_CONNECTION_STRING == "redis://:secret@cache:6379/0"


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not (field.description or "").endswith(".")] == []


def test_secrets_are_marked() -> None:
    secret = {name for name, field in Settings.model_fields.items() if isinstance(field.json_schema_extra, dict)}
    likely = {
        name
        for name in Settings.model_fields
        if any(word in name for word in ("PASSWORD", "SECRET", "SALT", "ENCRYPTION_KEY", "AUTH"))
        and not name.startswith(("AUTH_", "NEXTAUTH_URL"))
    }
    assert likely <= secret
