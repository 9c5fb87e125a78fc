"""The command line. Exit codes: 0 done · 1 found something wrong · 2 cannot do it, one line on stderr says why."""

import dataclasses
import importlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import cast

import click

from langfuse_app import __version__
from langfuse_app.core.errors import AppError, SettingsError
from langfuse_app.core.settings import Settings, load_settings
from langfuse_app.runtime.child import StartError
from langfuse_app.runtime.datadir import DataDir

_CANNOT = 2
_SHORTEST_PASSWORD = 8
_data_dir = click.option("--data-dir", help="Folder of the embedded engines and files. [LANGFUSE_DATA_DIR, default ./data]")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """langfuse-app: an LLM engineering platform that speaks Langfuse's wire format."""


@cli.command()
@click.option("--host", help="Address to listen on. [LANGFUSE_HOST_BIND, default 127.0.0.1]")
@click.option("--port", type=int, help="Port of UI, REST and OTLP. [PORT, default 3000]")
@_data_dir
def up(host: str | None, port: int | None, data_dir: str | None) -> None:
    """Run everything: engines whose URL is not set, migrations, web and workers."""
    from langfuse_app.runtime.supervisor import up as run

    run(_settings(LANGFUSE_HOST_BIND=host, PORT=port, LANGFUSE_DATA_DIR=data_dir))


@cli.command()
@click.option("--role", type=click.Choice(["all", "ui", "api"]), default="all", show_default=True)
@click.option("--host", help="Address to listen on. [LANGFUSE_HOST_BIND]")
@click.option("--port", type=int, help="Port. [PORT]")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes; more than 1 for --role api only.")
@_data_dir
def serve(role: str, host: str | None, port: int | None, workers: int, data_dir: str | None) -> None:
    """Run one web process; the stores are those of the settings, or of a running `up` on the same data folder."""
    from langfuse_app.runtime import bundle, web

    if role != "api" and workers != 1:
        raise StartError("UI state lives in one process: only --role api takes more workers")
    settings = _connected(_settings(LANGFUSE_HOST_BIND=host, PORT=port, LANGFUSE_DATA_DIR=data_dir))
    if role != "api":
        bundle.ensure()
    web.serve(cast("web.Role", role), settings.LANGFUSE_HOST_BIND, settings.PORT, workers)


@cli.command()
@click.option("--queues", default="all", show_default=True, help="Names or lanes of worker/queues.py, separated by commas.")
@_data_dir
def worker(queues: str, data_dir: str | None) -> None:
    """Run one worker process."""
    from langfuse_app.runtime.logs import configure

    settings = _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    names = queues.split(",")
    try:
        importlib.import_module("worker.queues").named(names, settings)  # by name: this package never imports that one
    except ValueError as error:
        raise StartError(str(error)) from error
    configure(settings)
    importlib.import_module("worker.main").run(names)


@cli.command()
@_data_dir
@_json
def migrate(data_dir: str | None, as_json: bool) -> None:
    """Bring both databases to this version's schema and make the first project; safe to run twice."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.runtime.prepare import prepare

    first = prepare()
    click.echo(json.dumps(first) if as_json else "Both databases are at the schema of this version.")


@cli.command()
@_data_dir
@_json
def doctor(data_dir: str | None, as_json: bool) -> None:
    """Check each store; say what is wrong and how to fix it."""
    settings = _with_running(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.runtime.doctor import examine, report

    findings = examine(settings)
    click.echo(json.dumps([finding.as_dict() for finding in findings], indent=1) if as_json else report(findings))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@cli.command()
@click.argument("id")
@click.option("--project", required=True, help="Project id.")
@_data_dir
@_json
def where(id: str, project: str, data_dir: str | None, as_json: bool) -> None:
    """Where is my trace? What became of every event with this event, trace, observation, score or request id."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.ledger.service import where_for_operator

    entries = [entry.wire() for entry in where_for_operator(project, id)]
    if as_json:
        click.echo(json.dumps(entries, indent=1))
    else:
        for entry in entries:
            click.echo(
                f"{entry['outcome']:9} {entry['entityKind']:11} {entry['entityId']}  received {entry['receivedAt']}  {entry['reason'] or ''}"
            )
    if not entries:
        click.echo("The ledger does not know this id: it was never accepted, or its entry has expired.", err=True)
        sys.exit(1)


@cli.group(name="dead-letters")
def dead_letters() -> None:
    """Ingestion entries that failed in every attempt."""


@dead_letters.command(name="list")
@_data_dir
@_json
def dead_letters_list(data_dir: str | None, as_json: bool) -> None:
    """Show them, oldest first."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.api_keys.service import operator
    from langfuse_app.features.ledger.service import dead_letters as listed

    found = [dataclasses.asdict(letter) for letter in listed(operator())]
    click.echo(
        json.dumps(found, indent=1, default=str) if as_json else "\n".join(f"{f['id']}  {f['project_id']}  {f['reason']}" for f in found)
    )


@dead_letters.command(name="replay")
@click.argument("ids", nargs=-1)
@_data_dir
def dead_letters_replay(ids: tuple[str, ...], data_dir: str | None) -> None:
    """Queue them again: those of the ids, or all."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.api_keys.service import operator
    from langfuse_app.features.ledger.service import replay

    click.echo(f"{replay(operator(), ids)} queued again")


@dead_letters.command(name="drop")
@click.argument("ids", nargs=-1)
@_data_dir
def dead_letters_drop(ids: tuple[str, ...], data_dir: str | None) -> None:
    """Give them up: those of the ids, or all."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.api_keys.service import operator
    from langfuse_app.features.ledger.service import drop

    click.echo(f"{drop(operator(), ids)} dropped")


@cli.command()
@click.option("--now", is_flag=True, help="From the raw log too, which a job does within a day.")
@_data_dir
def erase(now: bool, data_dir: str | None) -> None:
    """Erase what was deleted, without waiting for the job; its receipts say what is gone from where."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.deletions import service

    click.echo(f"{service.erase_stores()} deletions erased from the stores")
    if now:
        click.echo(f"{service.erase_raw_log()} deletions erased from the raw log")


@cli.command(name="reset-password")
@click.argument("email")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the new password from standard input instead of making one up.")
@_data_dir
def reset_password(email: str, from_stdin: bool, data_dir: str | None) -> None:
    """Give a person a new password and end their sign-ins; a password made up here is printed once."""
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    from langfuse_app.features.accounts import service

    password = sys.stdin.readline().rstrip("\n") if from_stdin else secrets.token_urlsafe(12)
    if len(password) < _SHORTEST_PASSWORD:
        raise StartError(f"a password has at least {_SHORTEST_PASSWORD} characters")
    service.reset_password(email, password)
    click.echo("The password was changed." if from_stdin else f"New password of {email}: {password}")


@cli.command(name="create-key")
@click.option("--project", help="Id of the project the key is for.")
@click.option("--organization", help="Id of the organisation the key is for, instead of a project.")
@click.option("--note", help="What the key is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["read", "ingest", "scores"]), help="All it may do. [everything]")
@click.option("--if-missing", is_flag=True, help="Only where there is no key yet; an existing one is shown without its secret.")
@_data_dir
@_json
def create_key(
    project: str | None,
    organization: str | None,
    note: str | None,
    scopes: tuple[str, ...],
    if_missing: bool,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Make an API key of a project or an organisation; its secret is printed once."""
    if (project is None) == (organization is None):
        raise StartError("name either --project or --organization")
    _connected(_settings(LANGFUSE_DATA_DIR=data_dir))
    importlib.import_module("langfuse_app.features.all_models")  # a key refers to tables of other slices
    from langfuse_app.core.scopes import Right
    from langfuse_app.features.api_keys import service
    from langfuse_app.features.api_keys.schemas import KeyWish

    owner = service.operator_in(project, organization)
    known = service.list_keys(owner) if if_missing else []
    wish = KeyWish(note, scopes=tuple(Right(scope) for scope in scopes))
    made = (known[0] if known else service.create_key(owner, wish)).wire()
    shown = (("publicKey", made["publicKey"]), ("secretKey", made.get("secretKey", made["displaySecretKey"])))
    click.echo(json.dumps(made) if as_json else "\n".join(f"{name}  {value}" for name, value in shown))


@cli.command()
@_json
def version(as_json: bool) -> None:
    """Print the version."""
    number = __version__
    click.echo(json.dumps({"version": number}) if as_json else number)


def main() -> None:
    """Entry point: errors that have a remedy become one line and exit code 2."""
    try:
        cli(prog_name="langfuse-app")
    except (SettingsError, StartError, AppError) as error:
        click.echo(f"langfuse-app: {error}", err=True)
        sys.exit(_CANNOT)


def _settings(**options: str | int | None) -> Settings:
    """The settings, where options given on the command line win over the environment, for our children too."""
    os.environ |= {name: str(value) for name, value in options.items() if value is not None}
    if "LANGFUSE_DATA_DIR" in os.environ:
        os.environ["LANGFUSE_DATA_DIR"] = str(Path(os.environ["LANGFUSE_DATA_DIR"]).expanduser().resolve())
    return load_settings()


def _with_running(settings: Settings) -> Settings:
    """The same, and what a running `up` on the data folder published where the settings are silent."""
    for name, value in DataDir(settings.data_dir).running_environment().items():
        os.environ[name] = os.environ.get(name) or value
    return load_settings()


def _connected(settings: Settings) -> Settings:
    settings = _with_running(settings)
    for name in ("DATABASE_URL", "CLICKHOUSE_URL", "REDIS_CONNECTION_STRING"):
        if not getattr(settings, name):
            raise StartError(f"{name} is not set, and no `langfuse-app up` runs on {settings.data_dir}")
    return settings


if __name__ == "__main__":
    main()
